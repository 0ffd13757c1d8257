//! The input of a tool: its command line, what the environment and files on this host add to it,
//! and what a person types when asked.

pub(crate) mod addresses;
pub(crate) mod arguments;
pub(crate) mod ccache_select;
pub(crate) mod configuration;
pub(crate) mod durations;
pub(crate) mod keytab_select;
pub(crate) mod new_password;
pub(crate) mod ordinary_file;
pub(crate) mod password_file;
pub(crate) mod prompt;
pub(crate) mod user;
