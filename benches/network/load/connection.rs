//! One connection: a request out, an answer in, no more parsed than is counted.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// What is looked at of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub status: u16,
    pub is_durable: bool,
    pub is_deferred: bool,
}

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(2_048) })
    }

    pub async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.stream.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Some more bytes; 0 at the end of the stream.
    pub async fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.stream.try_read_buf(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.stream.readable().await?,
                other => return other,
            }
        }
    }

    /// What was read since it was last forgotten.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// A request and its whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request).await?;
        self.buffer.clear();
        loop {
            if self.read().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((answer, length)) = parse(&self.buffer)?
                && self.buffer.len() >= length
            {
                return Ok(answer);
            }
            if self.buffer.len() > ANSWER_BYTES_MAX {
                return Err(io::Error::other("the answer is too large"));
            }
        }
    }

    /// Waits until the other side has closed, so that it is the one that keeps the port.
    pub async fn closed(mut self) -> io::Result<()> {
        while self.read().await? > 0 {}
        Ok(())
    }
}

/// The answer and how long it is, once its head is there.
fn parse(bytes: &[u8]) -> io::Result<Option<(Answer, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let wrong = || io::Error::other("not an answer of HTTP/1.1 with a length");
    let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|it| it.parse().ok());
    let mut answer = Answer { status: status.ok_or_else(wrong)?, is_durable: false, is_deferred: false };
    let mut length = if matches!(answer.status, 204 | 304) { Some(0) } else { None };
    for line in bytes[..end].split(|byte| *byte == b'\n').skip(1) {
        if let Some(value) = value_of(line, b"content-length:") {
            length = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
        } else if let Some(value) = value_of(line, b"click-record:") {
            answer.is_durable = value.trim_ascii() == b"durable";
            answer.is_deferred = value.trim_ascii() == b"deferred";
        }
    }
    Ok(Some((answer, end + 4 + length.ok_or_else(wrong)?)))
}

fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(value)
}
