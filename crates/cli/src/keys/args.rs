use std::{
    env,
    path::{Path, PathBuf},
};

use alloy::signers::local::PrivateKeySigner;
use clap::Args;

use super::{KeyError, Keystore, open_key};
use crate::config::{KeySource, PasswordSource, is_variable, looks_like_a_key};

/// The variable that holds the private key when --key is not given.
const KEY_VARIABLE: &str = "CAUSEWAY_KEY";
/// The variable that holds the password when no argument names another place.
const PASSWORD_VARIABLE: &str = "CAUSEWAY_PASSWORD";

/// Where encrypted keys are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeysDirectory {
    /// Directory of the encrypted keys [default: ~/.causeway/keys]
    #[arg(long, value_name = "DIR", env = "CAUSEWAY_KEYS_DIR")]
    keys_dir: Option<PathBuf>,
    /// File that holds the keystore's password, readable by its owner alone
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// Environment variable that holds the keystore's password [default: CAUSEWAY_PASSWORD]
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
}

impl KeysDirectory {
    pub(crate) fn keystore(&self) -> Result<Keystore, KeyError> {
        let directory = match &self.keys_dir {
            Some(directory) => directory.clone(),
            None => env::home_dir()
                .ok_or(KeyError::NoHome)?
                .join(".causeway/keys"),
        };
        Ok(Keystore::new(directory))
    }

    pub(crate) fn password(&self) -> PasswordSource {
        match (&self.password_file, &self.password_env) {
            (Some(file), _) => PasswordSource::File(file.clone()),
            (None, Some(name)) => PasswordSource::Env(name.clone()),
            (None, None) if env::var_os(PASSWORD_VARIABLE).is_some() => {
                PasswordSource::Env(PASSWORD_VARIABLE.to_owned())
            }
            (None, None) => PasswordSource::Prompt,
        }
    }
}

/// The key that signs and pays.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyArgs {
    /// Key that signs and pays: env:NAME, file:PATH, keystore:PATH, or a name of `causeway keys
    /// list` [default: the key in the variable `CAUSEWAY_KEY`]
    // Any text is taken here: an error of the argument parser would repeat what was typed.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    directory: KeysDirectory,
}

impl KeyArgs {
    /// Reads the key.
    pub(crate) fn open(&self) -> Result<PrivateKeySigner, KeyError> {
        open_key(&self.source()?, "--key", Path::to_owned)
    }

    fn source(&self) -> Result<KeySource, KeyError> {
        let Some(text) = &self.key else {
            return match env::var_os(KEY_VARIABLE) {
                Some(_) => Ok(KeySource::Env(KEY_VARIABLE.to_owned())),
                None => Err(KeyError::NoSource),
            };
        };
        if looks_like_a_key(text) {
            return Err(KeyError::SecretOnCommandLine);
        }
        let password = self.directory.password();
        match text.split_once(':') {
            Some(("env", name)) if is_variable(name) => Ok(KeySource::Env(name.to_owned())),
            Some(("file", path)) => Ok(KeySource::File(path.into())),
            Some(("keystore", path)) => Ok(KeySource::Keystore {
                path: path.into(),
                password,
            }),
            Some(_) => Err(KeyError::NoSource),
            None => {
                let path = self.directory.keystore()?.find(text)?.path;
                Ok(KeySource::Keystore { path, password })
            }
        }
    }
}
