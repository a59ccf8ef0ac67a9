//! `hanbeon keys`: the shop's API keys. Works while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::stores::{self, Role};
use clap::Subcommand;
use hanbeon_app::env::SystemEnv;
use hanbeon_app::{Env as _, keys};
use hanbeon_domain::Timestamp;
use hanbeon_store::{Store, StoreError};
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a key and prints it, alone, on standard output. It is shown this once.
    Create {
        /// What it is for [default: the time of its making].
        #[arg(long)]
        name: Option<String>,
    },
    /// Lists the keys that are in force, without the keys.
    List,
    /// Revokes a key; requests with it fail from then on.
    Revoke {
        /// Its name.
        name: String,
    },
}

pub(crate) async fn run(config: &Config, command: KeysCommand) -> Result<(), Failure> {
    let store = open(config).await?;
    match command {
        KeysCommand::Create { name } => {
            let name = name.unwrap_or_else(|| format!("made {}", iso(SystemEnv.now())));
            println!("{}", create(&*store, &name).await?);
        }
        KeysCommand::List => {
            for key in store.api_keys().await? {
                println!("{}", key.name);
            }
        }
        KeysCommand::Revoke { name } => {
            if !store.revoke_api_key(&name, SystemEnv.now()).await? {
                return Err(format!("there is no key named {name:?}; see `hanbeon keys list`").into());
            }
        }
    }
    Ok(())
}

/// Opens the configured store beside a running server.
pub(crate) async fn open(config: &Config) -> Result<Arc<dyn Store>, Failure> {
    Ok(stores::open(config, Role::Tool).await?.payments)
}

async fn create(store: &dyn Store, name: &str) -> Result<String, Failure> {
    match keys::create(store, &SystemEnv, name).await {
        Ok(key) => Ok(key),
        Err(StoreError::NameTaken(_)) => {
            Err(format!("a key named {name:?} is in force: choose another --name, or revoke that one").into())
        }
        Err(error) => Err(error.into()),
    }
}

fn iso(now: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default().to_string()
}
