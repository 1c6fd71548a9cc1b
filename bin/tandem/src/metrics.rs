//! Serves metrics in Prometheus' format, on request.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use eyre::{Result, WrapErr};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// How long a client may take for its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest head of a request that is read, in bytes.
const HEAD_BYTES_MAX: u64 = 16 << 10;

/// Records metrics from now on, and answers every HTTP request at an address with all of them; once a process.
///
/// Requests are answered one after the other, until the process ends.
pub(crate) fn serve(address: SocketAddr) -> Result<()> {
    let listener =
        TcpListener::bind(address).wrap_err_with(|| format!("cannot serve metrics at {address}"))?;
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
        .wrap_err("cannot set the buckets of histograms")?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).wrap_err("cannot record metrics")?;
    thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that goes away is its own loss.
            if let Err(error) = answer(client, &handle) {
                tracing::debug!(%error, "a request for metrics failed");
            }
        }
    })?;
    Ok(())
}

fn answer(mut client: TcpStream, handle: &PrometheusHandle) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut head = BufReader::new(client.try_clone()?.take(HEAD_BYTES_MAX));
    let mut line = String::new();
    // The head ends with an empty line; what was asked for does not matter.
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    let body = handle.render();
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}
