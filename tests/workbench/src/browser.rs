//! A browser, as far as forms, redirects and cookies go: no script is run.

use std::collections::BTreeMap;

use html5gum::{Token, Tokenizer};

use crate::client::{Answer, Client};

/// How many redirects are followed, one after the other.
const REDIRECTS: usize = 10;

/// Somebody who looks at one page after the other. Clones go their own ways.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    /// The path and query of the page that is shown.
    at: String,
    page: String,
}

/// A form of a page.
#[derive(Debug, Default)]
struct Form {
    method: String,
    action: String,
    /// Fields that are sent whatever somebody presses, and their values.
    fields: Vec<(String, String)>,
    /// What can be pressed: name and value.
    buttons: Vec<(String, String)>,
}

impl Browser {
    /// One that has been nowhere.
    pub fn new(client: Client) -> Self {
        Browser {
            client,
            cookies: BTreeMap::new(),
            at: String::new(),
            page: String::new(),
        }
    }

    /// The path and query of the page that is shown.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The page that is shown.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// The value of a cookie; `None` where it has none.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie in, as somebody does who has it from elsewhere.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Goes to a path, and to wherever that leads.
    #[track_caller]
    pub fn open(&mut self, path: &str) -> Answer {
        let answer = self.ask("GET", path, None);
        self.follow(answer)
    }

    /// The same without following it.
    #[track_caller]
    pub fn look(&mut self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    /// Asks for a path again, unless it is still what this tag names.
    #[track_caller]
    pub fn look_unless(&mut self, path: &str, tag: &str) -> Answer {
        self.ask_with("GET", path, &[("if-none-match", tag)], None)
    }

    /// Fills the form with this action in, presses its button, and goes to wherever
    /// that leads. A name of `filled` that is a button's is the one that is pressed.
    ///
    /// # Panics
    /// When the page that is shown has no such form.
    #[track_caller]
    pub fn submit(&mut self, action: &str, filled: &[(&str, &str)]) -> Answer {
        let answer = self.press(action, filled);
        self.follow(answer)
    }

    /// The same without following it.
    ///
    /// # Panics
    /// When the page that is shown has no such form.
    #[track_caller]
    pub fn press(&mut self, action: &str, filled: &[(&str, &str)]) -> Answer {
        let forms = forms(&self.page);
        let has = |form: &Form, name: &str, value: &str| {
            form.fields.iter().any(|(field, _)| field == name)
                || form.buttons.contains(&(name.to_owned(), value.to_owned()))
        };
        let mut fitting = forms.into_iter().filter(|form| {
            form.action == action && filled.iter().all(|(name, value)| has(form, name, value))
        });
        let Some(mut form) = fitting.next() else {
            panic!("no form for {action} takes {filled:?}: {}", self.page)
        };
        assert_eq!(form.method, "post", "{action}");
        for (name, value) in filled {
            form.fields.retain(|(field, _)| field != name);
            form.fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        self.ask("POST", action, Some(&body))
    }

    /// Goes to wherever an answer leads.
    #[track_caller]
    pub fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..REDIRECTS {
            if !matches!(answer.status, 302 | 303) {
                return answer;
            }
            let location = answer.header("location").to_owned();
            let path = match location.strip_prefix(self.client.base()) {
                Some(path) => path.to_owned(),
                None => location,
            };
            // As a browser reads it, which takes a backslash for a slash.
            let is_here = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
            assert!(is_here, "it leads elsewhere: {path}");
            answer = self.ask("GET", &path, None);
        }
        panic!("it leads on and on: {}", self.at)
    }

    /// Signs in by the pages, as the person with this address, and ends at `path`.
    #[track_caller]
    pub fn sign_in(&mut self, email: &str, path: &str) -> Answer {
        let query: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        self.open(&format!("/entrar?a={query}")).must_be(200);
        self.submit("/entrar", &[]).must_be(200);
        self.submit("/_local/oidc/authorize", &[("email", email)])
    }

    #[track_caller]
    fn ask(&mut self, method: &str, path: &str, form: Option<&str>) -> Answer {
        self.ask_with(method, path, &[], form)
    }

    #[track_caller]
    fn ask_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        form: Option<&str>,
    ) -> Answer {
        let mut request = self
            .client
            .request(method, path)
            .header("accept", "text/html");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter();
            let cookies: Vec<_> = cookies.map(|(n, v)| format!("{n}={v}")).collect();
            request = request.header("cookie", &cookies.join("; "));
        }
        if let Some(form) = form {
            request = request
                .header("sec-fetch-site", "same-origin")
                .header("origin", self.client.base())
                .body("application/x-www-form-urlencoded", form.as_bytes());
        }
        let answer = request.send();
        for cookie in answer.headers.get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap_or_default());
        }
        path.clone_into(&mut self.at);
        answer.body.clone_into(&mut self.page);
        answer
    }

    /// Keeps a cookie, or forgets it. All of them are of this host and all its paths.
    #[track_caller]
    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let Some((name, value)) = pair.split_once('=') else {
            panic!("no cookie: {cookie}")
        };
        let has = |attribute: &str| attributes.split(';').any(|a| a.trim() == attribute);
        assert!(has("Path=/"), "{cookie}");
        if has("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The forms of a page.
fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    for token in Tokenizer::new(page) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let attribute = |name: &str| {
                    let value = tag.attributes.get(name.as_bytes());
                    let value = value.map(|value| String::from_utf8_lossy(value).into_owned());
                    value.unwrap_or_default()
                };
                let pair = || (attribute("name"), attribute("value"));
                match (&*String::from_utf8_lossy(&tag.name), forms.last_mut()) {
                    ("form", _) => {
                        inside = true;
                        forms.push(Form {
                            method: attribute("method"),
                            action: attribute("action"),
                            ..Form::default()
                        });
                    }
                    ("input", Some(form)) if inside => match attribute("type").as_str() {
                        "submit" => form.buttons.push(pair()),
                        // Only what is chosen is sent.
                        "radio" | "checkbox" if !tag.attributes.contains_key(&b"checked"[..]) => {}
                        _ => form.fields.push(pair()),
                    },
                    ("textarea" | "select", Some(form)) if inside => form.fields.push(pair()),
                    ("button", Some(form)) if inside => form.buttons.push(pair()),
                    (_, _) => {}
                }
            }
            Token::EndTag(tag) if &*tag.name == b"form" => inside = false,
            _ => {}
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_what_they_send() {
        let page = r#"<input name="outside"><form method="post" action="/a">
            <input type="hidden" name="h" value="1 &amp; 2"><input name="e" type="email">
            <input type="radio" name="r" value="x"><input type="radio" name="r" value="y" checked>
            <textarea name="t"></textarea><button name="b" value="c">Go</button></form>
            <form action="/b"></form>"#;
        let forms = forms(page);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            forms[0].fields,
            [
                pair("h", "1 & 2"),
                pair("e", ""),
                pair("r", "y"),
                pair("t", "")
            ]
        );
        assert_eq!(forms[0].buttons, [pair("b", "c")]);
        assert_eq!((forms[1].action.as_str(), forms.len()), ("/b", 2));
    }
}
