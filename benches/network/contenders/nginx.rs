//! `nginx return 302`: what a redirect costs that knows nothing.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};

use super::Contender;
use crate::process::on_core;

const START_TRIES: usize = 250;

/// Starts nginx with a configuration of its own, everything below `folder`.
pub fn start(folder: &Path, core: usize) -> anyhow::Result<Contender> {
    let folder = folder.join("nginx");
    fs::create_dir_all(&folder)?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration(&folder, address))?;
    let mut command = on_core(core, Path::new("nginx"));
    command.arg("-p").arg(&folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let contender = Contender { name: "nginx", address, child: child.context("starting nginx")?, _out: None };
    for _ in 0..START_TRIES {
        if TcpStream::connect(address).is_ok() {
            return Ok(contender);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("nginx does not answer: {}", fs::read_to_string(folder.join("error.log")).unwrap_or_default());
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths: String = paths.iter().map(|name| format!("    {name}_temp_path {folder}/{name};\n")).collect();
    format!(
        "daemon off;\nworker_processes 1;\nworker_rlimit_nofile 16384;\npid {folder}/nginx.pid;\n\
        events {{ worker_connections 8192; }}\n\
        http {{\n{paths}    access_log off;\n    keepalive_requests 1000000000;\n    server {{\n        \
        listen {address} backlog=4096;\n        location / {{\n            \
        return 302 https://www.shop.example/boots/compare?click_id=0123456789ABCDEFGHJKMNPQRSTVWXYZ;\n        }}\n    }}\n}}\n"
    )
}
