use cloud::clock;
use cloud::config::{ConfigError, Environment};
use cloud::desk::problem_of;
use cloud::http::{Answer, Call};
use cloud::log::chain;
use cloud::session;
use cloud::store::{Store, StoreError};
use types::api::pages::session::Page;
use types::problem::Problem;

use crate::attempt::{self, Attempt, Path};
use crate::issuer::{Account, Failure, Issuer};
use crate::page::{self, Left, Trouble};

/// What the function works with.
pub struct Session {
    pub store: Store,
    issuer: Issuer,
    /// Where people know the pages to be; where nobody said, wherever they come to.
    base_url: Option<String>,
}

impl Session {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When something that is needed is missing.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Session {
            store: Store::new(environment)?,
            issuer: Issuer::new(environment)?,
            base_url: environment.optional("BASE_URL"),
        })
    }

    /// Where the issuer sends people back to.
    fn redirect_uri(&self, call: &Call) -> String {
        let origin = self.base_url.clone().unwrap_or_else(|| call.origin());
        format!("{origin}/entrar/vuelta")
    }
}

/// Answers the routes of signing in and out.
pub async fn answer(session: &Session, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Page::Entrance => enter(session, call).await,
        Page::Begin => begin(session, call).await,
        Page::Return => come_back(session, call).await,
        Page::Leave => leave(session, call).await,
    }
}

/// A page with one button, or who is signed in.
async fn enter(session: &Session, call: &Call) -> Result<Answer, Problem> {
    let to = Path::of(parameter(call, "a"));
    let page = match signed_in(session, call).await {
        Ok(Some(known)) => page::entered(call, &to, known.name.as_deref(), known.email.as_str()),
        Ok(None) if parameter(call, "hecho") == "salida" => page::enter(call, &to, Left::JustNow),
        Ok(None) => page::enter(call, &to, Left::No),
        Err(error) => refuse(call, &error, Trouble::Busy, &to)?,
    };
    Ok(page.leading_to(&session.issuer.sources()))
}

/// Sends somebody to the issuer, and remembers what he went with.
async fn begin(session: &Session, call: &Call) -> Result<Answer, Problem> {
    let fields = call.form();
    let field = |name: &str| {
        let found = fields.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let to = Path::of(field("a"));
    if !call.is_from_own_page() {
        return trouble(session, call, Trouble::Elsewhere, &to);
    }
    // The issuer sends people back to where the pages are known to be; the cookie has
    // to be kept there, and not under another name of this host.
    if let (Some(base), Some(origin)) = (&session.base_url, call.header("origin"))
        && origin.contains("://")
        && !origin.eq_ignore_ascii_case(base)
    {
        let to: String = form_urlencoded::byte_serialize(to.as_str().as_bytes()).collect();
        return Ok(Answer::see_other(&format!("{base}/entrar?a={to}")));
    }
    let account = match field("cuenta") {
        "" => Account::Any,
        _ => Account::Chosen,
    };
    let attempt = Attempt::new(to.clone()).map_err(|error| {
        tracing::error!(error = chain(&error), "a sign-in cannot begin");
        Problem::Internal
    })?;
    let issuer = &session.issuer;
    match issuer
        .sign_in(&attempt, &session.redirect_uri(call), account)
        .await
    {
        Ok(address) => Ok(Answer::see_other(&address).keeping(
            attempt::COOKIE,
            &attempt.cookie(),
            attempt::LASTS,
        )),
        Err(failure) => trouble(session, call, failed(&failure), &to),
    }
}

/// Takes somebody back from the issuer. Nothing is taken from an address that this
/// browser did not ask for.
async fn come_back(session: &Session, call: &Call) -> Result<Answer, Problem> {
    let attempt = call.cookie(attempt::COOKIE).and_then(Attempt::of_cookie);
    let Some(attempt) = attempt.filter(|attempt| attempt.state == parameter(call, "state")) else {
        let first = Path::of("/");
        // Whoever goes back to this address is in already.
        return match signed_in(session, call).await {
            Ok(Some(_)) => Ok(Answer::see_other(first.as_str())),
            Ok(None) => trouble(session, call, Trouble::Stale, &first),
            Err(error) => refuse(call, &error, Trouble::Busy, &first),
        };
    };
    // It is used up, whatever comes of it.
    let answer = received(session, call, &attempt).await?;
    Ok(answer.forgetting(attempt::COOKIE))
}

async fn received(session: &Session, call: &Call, attempt: &Attempt) -> Result<Answer, Problem> {
    let to = attempt.to();
    match parameter(call, "error") {
        "" => {}
        "access_denied" => return trouble(session, call, Trouble::Cancelled, &to),
        _ => {
            tracing::warn!("the issuer sent somebody back with an error");
            return trouble(session, call, Trouble::Issuer, &to);
        }
    }
    let redirect_uri = session.redirect_uri(call);
    let code = parameter(call, "code");
    let identity = match session.issuer.identify(attempt, &redirect_uri, code).await {
        Ok(identity) => identity,
        Err(failure) => return trouble(session, call, failed(&failure), &to),
    };
    // Whoever was signed in here is not any more.
    if let Some(old) = call.cookie(session::COOKIE)
        && let Err(error) = session.store.end_session(old).await
    {
        return refuse(call, &error, Trouble::Busy, &to);
    }
    match session.store.open_session(&identity, clock::now()).await {
        Ok(value) => {
            tracing::info!("somebody signed in");
            let answer = Answer::see_other(to.as_str());
            Ok(answer.keeping(session::COOKIE, &value, session::LASTS))
        }
        Err(error) => refuse(call, &error, Trouble::Busy, &to),
    }
}

/// Ends the session.
async fn leave(session: &Session, call: &Call) -> Result<Answer, Problem> {
    let first = Path::of("/");
    if !call.is_from_own_page() {
        return trouble(session, call, Trouble::Elsewhere, &first);
    }
    if let Some(value) = call.cookie(session::COOKIE)
        && let Err(error) = session.store.end_session(value).await
    {
        return refuse(call, &error, Trouble::StillIn, &first);
    }
    Ok(Answer::see_other("/entrar?hecho=salida").forgetting(session::COOKIE))
}

async fn signed_in(session: &Session, call: &Call) -> Result<Option<session::Session>, StoreError> {
    match call.cookie(session::COOKIE) {
        Some(value) => session.store.session(value, clock::now()).await,
        None => Ok(None),
    }
}

fn parameter<'a>(call: &'a Call, name: &str) -> &'a str {
    let found = call.query().iter().find(|(found, _)| found == name);
    found.map_or("", |(_, value)| value)
}

fn trouble(session: &Session, call: &Call, trouble: Trouble, to: &Path) -> Result<Answer, Problem> {
    Ok(page::trouble(call, trouble, to).leading_to(&session.issuer.sources()))
}

/// The table failed: the log gets why.
fn refuse(call: &Call, error: &StoreError, trouble: Trouble, to: &Path) -> Result<Answer, Problem> {
    match problem_of(error) {
        Problem::Unavailable => Ok(page::trouble(call, trouble, to)),
        lasting => Err(lasting),
    }
}

/// What a failure is to whoever wants in; the log gets the rest.
fn failed(failure: &Failure) -> Trouble {
    let trouble = match failure {
        Failure::Code => Trouble::Code,
        Failure::Unverified => Trouble::Unverified,
        Failure::Foreign => Trouble::Foreign,
        Failure::Unreachable(_) => Trouble::Unreachable,
        Failure::Issuer(_) | Failure::Token(_) => Trouble::Issuer,
    };
    match trouble {
        Trouble::Issuer => tracing::error!(error = chain(failure), "nobody can sign in so"),
        _ => tracing::warn!(error = chain(failure), "somebody could not sign in"),
    }
    trouble
}
