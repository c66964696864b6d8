//! A small client of the desk, as the demo, the load program and the end-to-end
//! tests use it: HTTP alone, with development tokens.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Request, Response};

/// A call that got no HTTP answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{method} {url} got no answer")]
    NoAnswer {
        method: String,
        url: String,
        #[source]
        source: Box<ureq::Error>,
    },
    #[error("no request can be made of {method} {url}")]
    Unbuildable {
        method: String,
        url: String,
        #[source]
        source: ureq::http::Error,
    },
}

/// An answer: any status is one.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub text: String,
}

impl Reply {
    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// A client of one host. Clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    tokens: Arc<Mutex<HashMap<String, String>>>,
}

impl Client {
    /// A client of the host whose API listens on `port`.
    pub fn new(port: u16) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Client {
            agent,
            base: format!("http://127.0.0.1:{port}"),
            tokens: Arc::default(),
        }
    }

    /// The same with connections of its own.
    #[must_use]
    pub fn with_own_connections(&self, port: u16) -> Self {
        Client {
            tokens: Arc::clone(&self.tokens),
            ..Client::new(port)
        }
    }

    /// A development token of `email`.
    ///
    /// # Errors
    /// When the host does not answer.
    pub fn token(&self, email: &str) -> Result<String, ClientError> {
        let known = |tokens: &Mutex<HashMap<String, String>>| {
            let tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.get(email).cloned()
        };
        if let Some(token) = known(&self.tokens) {
            return Ok(token);
        }
        let body = json!({ "email": email }).to_string();
        let reply = self.send("POST", "/_local/token", &[], Some(&body))?;
        let token = reply.json()["token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(email.to_owned(), token.clone());
        Ok(token)
    }

    /// Any request, with headers of the caller's.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Reply, ClientError> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let named = || (method.to_owned(), url.clone());
        let unbuildable = |source| {
            let (method, url) = named();
            ClientError::Unbuildable {
                method,
                url,
                source,
            }
        };
        let answer = match body {
            Some(body) => {
                let request = request
                    .header("content-type", "application/json")
                    .body(body.to_owned())
                    .map_err(unbuildable)?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(()).map_err(unbuildable)?),
        };
        let no_answer = |source| {
            let (method, url) = named();
            ClientError::NoAnswer {
                method,
                url,
                source: Box::new(source),
            }
        };
        read(answer.map_err(no_answer)?).map_err(no_answer)
    }

    /// A request of somebody who signed in.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call(
        &self,
        who: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, ClientError> {
        let bearer = format!("Bearer {}", self.token(who)?);
        let body = body.map(Value::to_string);
        self.send(method, path, &[("authorization", &bearer)], body.as_deref())
    }

    /// `GET` of somebody.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn get(&self, who: &str, path: &str) -> Result<Reply, ClientError> {
        self.call(who, "GET", path, None)
    }

    /// `POST` of somebody.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn post(&self, who: &str, path: &str, body: &Value) -> Result<Reply, ClientError> {
        self.call(who, "POST", path, Some(body))
    }

    /// Every mail that was sent, the oldest first.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn mails(&self) -> Result<Vec<Value>, ClientError> {
        let reply = self.send("GET", "/_local/mail", &[], None)?;
        Ok(reply.json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }
}

fn read(mut answer: Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let text = answer
        .body_mut()
        .with_config()
        .limit(1 << 30)
        .read_to_string()?;
    Ok(Reply {
        status: answer.status().as_u16(),
        headers,
        text,
    })
}

/// Hands a mail over by SMTP (RFC 5321): one mail on a connection of its own.
///
/// # Errors
/// When the connection fails, or a line is answered with a refusal.
pub fn send_mail(port: u16, from: &str, to: &str, raw: &str) -> io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut replies = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut expect = |line: &str, code: &str| -> io::Result<()> {
        stream.write_all(line.as_bytes())?;
        loop {
            let mut reply = String::new();
            replies.read_line(&mut reply)?;
            // A line that goes on has a dash behind its code.
            if !reply.starts_with(code) {
                return Err(io::Error::other(reply));
            }
            if reply.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    };
    expect("", "220")?;
    expect("EHLO localhost\r\n", "250")?;
    expect(&format!("MAIL FROM:<{from}>\r\n"), "250")?;
    expect(&format!("RCPT TO:<{to}>\r\n"), "250")?;
    expect("DATA\r\n", "354")?;
    let stuffed = raw.replace("\r\n.", "\r\n..");
    expect(&format!("{stuffed}\r\n.\r\n"), "250")?;
    expect("QUIT\r\n", "221")
}
