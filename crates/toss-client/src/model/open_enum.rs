//! Open enums: a value that Toss adds tomorrow must decode today and encode back unchanged.

use std::{fmt, marker::PhantomData};

use serde::de::{Error, Visitor};

/// Declares an enum of texts with a last variant `Unknown(String)`.
///
/// Three forms of a line: `Variant = "wire";`, `Variant = "wire" / "CODE";` (a Korean wire value and the English code
/// that requests and English answers use) and `Variant = "wire", "Korean name", "ENGLISH_NAME";`. Each may end in
/// `| "other spelling"`. Every spelling is read, the wire value is written; a name that two variants share is nobody's.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident {
        $( $(#[$doc:meta])* $variant:ident = $wire:literal $(| $alias:literal)*; )+
    }) => {
        $crate::model::open_enum::open_enum!(
            @base $(#[$meta])* $name (|_| None) { $( $(#[$doc])* $variant = $wire [$($alias)*]; )+ }
        );
    };

    ($(#[$meta:meta])* pub enum $name:ident {
        $( $(#[$doc:meta])* $variant:ident = $wire:literal / $code:literal $(| $alias:literal)*; )+
    }) => {
        $crate::model::open_enum::open_enum!(
            $(#[$meta])* pub enum $name { $( $(#[$doc])* $variant = $wire, $wire, $code $(| $alias)*; )+ }
        );
    };

    ($(#[$meta:meta])* pub enum $name:ident {
        $( $(#[$doc:meta])* $variant:ident = $wire:literal, $korean:literal, $english:literal $(| $alias:literal)*; )+
    }) => {
        $crate::model::open_enum::open_enum!(
            @base $(#[$meta])* $name (Self::named) {
                $( $(#[$doc])* #[doc = concat!($korean, " (`", $english, "`)")] $variant = $wire [$($alias)*]; )+
            }
        );

        impl $name {
            /// The Korean name, to show to a buyer; `None` for an unknown value.
            #[must_use]
            pub fn korean(&self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => Some($korean), )+
                    Self::Unknown(_) => None,
                }
            }

            /// The English name, which is the code of requests and of the browser SDK where there is one; `None` for
            /// an unknown value.
            #[must_use]
            pub fn english(&self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => Some($english), )+
                    Self::Unknown(_) => None,
                }
            }

            /// The only variant of this name.
            fn named(text: &str) -> Option<Self> {
                let has_name = |value: &&Self| value.korean() == Some(text) || value.english() == Some(text);
                let mut bearers = Self::KNOWN.iter().filter(has_name);
                bearers.next().filter(|_| bearers.next().is_none()).cloned()
            }
        }
    };

    (@base $(#[$meta:meta])* $name:ident ($named:expr) {
        $( $(#[$doc:meta])* $variant:ident = $wire:literal [$($alias:literal)*]; )+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$doc])* #[doc = concat!("— `", $wire, "` on the wire.")] $variant, )+
            /// A value that this version of the crate does not know; the text is kept as it came.
            Unknown(String),
        }

        impl $name {
            /// Every known value, in the order of Toss's documents.
            pub const KNOWN: &'static [Self] = &[$( Self::$variant ),+];

            /// The value as Toss writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $wire, )+
                    Self::Unknown(text) => text,
                }
            }

            fn known(text: &str) -> Option<Self> {
                let named: fn(&str) -> Option<Self> = $named;
                match text {
                    $( $wire $(| $alias)* => Some(Self::$variant), )+
                    _ => named(text),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Unknown(text))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::model::open_enum::Text::new())
            }
        }
    };
}
pub(crate) use open_enum;

/// Reads any text into `T` without copying a known one.
pub(crate) struct Text<T>(PhantomData<T>);

impl<T> Text<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: From<String> + for<'a> From<&'a str>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<T, E> {
        Ok(T::from(text))
    }
}
