//! A shop that pays through hanbeon over HTTP, like any other shop would.
