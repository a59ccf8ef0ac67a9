//! A sandbox in a file: everything that the command line can say, and its merchants.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::config::{Config, Merchant};
use crate::switches::SwitchError;
use crate::webhooks::{WebhookEndpoint, WebhookEvent};

/// How and where a sandbox is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to serve; 127.0.0.1:8081 by default.
    pub listen: SocketAddr,
    /// What to serve.
    pub config: Config,
}

impl Default for Settings {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081), config: Config::default() }
    }
}

/// Why a file was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It is no TOML, or has a field that is unknown, missing, or of a wrong type.
    #[error("line {line}: {why}")]
    File {
        /// Where, from 1.
        line: usize,
        /// What is wrong; a value is not repeated, for it may be a key.
        why: String,
    },
    /// A switch that does not exist, or a value that it cannot have.
    #[error("[switches]")]
    Switch(#[from] SwitchError),
}

impl Settings {
    /// Reads a file of settings, in TOML. Whatever it does not name is as without a file.
    ///
    /// # Errors
    ///
    /// Anything that it has and should not have, with the line where it stands.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        let file: File = toml::from_str(text).map_err(|error| SettingsError::File {
            line: error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
            why: error.message().to_owned(),
        })?;
        let mut settings = Self::default();
        settings.listen = file.listen.unwrap_or(settings.listen);
        file.configure(&mut settings.config)?;
        Ok(settings)
    }

    /// Gives every merchant this name in the window.
    pub fn name_merchants(&mut self, name: &str) {
        self.config.merchants.iter_mut().for_each(|merchant| name.clone_into(&mut merchant.name));
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    seed: Option<u64>,
    state: Option<PathBuf>,
    webhook_compression: Option<u32>,
    max_payments: Option<usize>,
    #[serde(default)]
    webhooks_anywhere: bool,
    merchants: Option<Vec<Shop>>,
    #[serde(default)]
    webhooks: Vec<Receiver>,
    switches: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Shop {
    name: String,
    m_id: String,
    client_key: String,
    secret_key: String,
    version: Option<String>,
    #[serde(default)]
    mixed_tax: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receiver {
    url: String,
    events: Option<Vec<WebhookEvent>>,
}

impl File {
    fn configure(self, config: &mut Config) -> Result<(), SettingsError> {
        config.seed = self.seed;
        config.state = self.state;
        config.webhook_compression = self.webhook_compression.unwrap_or(config.webhook_compression);
        config.webhooks_anywhere = self.webhooks_anywhere;
        config.webhooks = self.webhooks.into_iter().map(Receiver::endpoint).collect();
        if let Some(most) = self.max_payments {
            config.keep_payments(most);
        }
        if let Some(merchants) = self.merchants {
            config.merchants = merchants.into_iter().map(Shop::merchant).collect();
        }
        if let Some(switches) = self.switches {
            config.switches = config.switches.patched(&switches)?;
        }
        Ok(())
    }
}

impl Shop {
    fn merchant(self) -> Merchant {
        let mut merchant = Merchant::new(&self.name, &self.m_id, &self.client_key, &self.secret_key);
        if let Some(version) = self.version {
            merchant.version = version.into();
        }
        Merchant { mixed_tax: self.mixed_tax, ..merchant }
    }
}

impl Receiver {
    fn endpoint(self) -> WebhookEndpoint {
        let endpoint = WebhookEndpoint::new(self.url);
        match self.events {
            Some(events) => endpoint.only(&events),
            None => endpoint,
        }
    }
}
