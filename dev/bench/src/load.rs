//! A load generator: kept connections, one thread, each connection sends its next request when it has its answer.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::figures::Series;

/// Connections kept open.
pub const CONNECTIONS: usize = 64;
/// A browser of today: what looks like a machine is not scored.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
/// How often a request that met a full queue is sent again.
const TRIES: u32 = 50;

/// What came of the requests.
pub struct Sent {
    /// From the first byte to the last answer.
    pub seconds: f64,
    /// Each answer's time in ms.
    pub waits: Series,
    /// Answers that said: queue full, come again.
    pub turned_away: u64,
}

struct Load<'a> {
    address: SocketAddr,
    requests: u64,
    body: &'a (dyn Fn(u64) -> String + Sync),
    /// From one request to the next, whoever sends it; nothing: as fast as answers come.
    pace: Option<Duration>,
    next: Cell<u64>,
    waits: RefCell<Vec<f64>>,
    turned_away: Cell<u64>,
}

/// Posts `requests` bodies, made by `body` from their number, to `/t`. Blocks this thread.
pub fn post(address: SocketAddr, requests: u64, body: &(dyn Fn(u64) -> String + Sync)) -> Result<Sent> {
    post_at_pace(address, requests, None, body)
}

/// The same, each no earlier than `pace` after the one before. A body is made just before it is sent.
pub fn post_at_pace(address: SocketAddr, requests: u64, pace: Option<Duration>, body: &(dyn Fn(u64) -> String + Sync)) -> Result<Sent> {
    std::thread::scope(|scope| {
        let driver = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the generator")?;
            let load = Load { address, requests, body, pace, next: Cell::new(0), waits: RefCell::default(), turned_away: Cell::new(0) };
            runtime.block_on(drive(&load))
        });
        driver.join().map_err(|_| anyhow::anyhow!("the load generator broke"))?
    })
}

async fn drive(load: &Load<'_>) -> Result<Sent> {
    let connect = (0..CONNECTIONS).map(|_| async {
        let stream = TcpStream::connect(load.address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        anyhow::Ok(stream)
    });
    let streams = futures::future::try_join_all(connect).await?;
    let begun = Instant::now();
    futures::future::try_join_all(streams.into_iter().map(|stream| talk(load, stream, begun))).await?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Sent { seconds, waits: load.waits.take().into_iter().collect(), turned_away: load.turned_away.get() })
}

async fn talk(load: &Load<'_>, mut stream: TcpStream, first: Instant) -> Result<()> {
    let mut answer = Vec::with_capacity(4096);
    loop {
        let number = load.next.get();
        if number >= load.requests {
            return Ok(());
        }
        load.next.set(number + 1);
        if let Some(pace) = load.pace {
            tokio::time::sleep_until((first + pace * u32::try_from(number)?).into()).await;
        }
        let request = request(load.address, &(load.body)(number));
        let begun = Instant::now();
        for attempt in 0.. {
            stream.write_all(request.as_bytes()).await.context("sending")?;
            match read_answer(&mut stream, &mut answer).await? {
                204 => break,
                429 if attempt < TRIES => {
                    load.turned_away.set(load.turned_away.get() + 1);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                status => bail!("the collector answered {status}: {}", String::from_utf8_lossy(&answer)),
            }
        }
        load.waits.borrow_mut().push(begun.elapsed().as_secs_f64() * 1e3);
    }
}

fn request(address: SocketAddr, body: &str) -> String {
    format!(
        "POST /t HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {AGENT}\r\nAccept-Language: en\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads one answer into `answer`; gives its status.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<u16> {
    answer.clear();
    let mut expected = None;
    loop {
        if stream.read_buf(answer).await.context("reading an answer")? == 0 {
            bail!("the server closed a connection");
        }
        if expected.is_none() {
            expected = head_end(answer).map(|end| end + body_length(answer.get(..end).unwrap_or_default()));
        }
        if expected.is_some_and(|length| answer.len() >= length) {
            let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
            return status.context("the answer is not HTTP");
        }
    }
}

fn head_end(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let end = head_end(answer).unwrap();
        assert_eq!(end + body_length(&answer[..end]), answer.len());
        assert_eq!(body_length(b"HTTP/1.1 204 No Content\r\n\r\n"), 0);
    }
}
