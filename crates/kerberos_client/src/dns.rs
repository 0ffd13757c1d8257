//! Names and addresses of hosts: the hosts file, then DNS.

mod hosts_file;

pub use hosts_file::HostsFile;
