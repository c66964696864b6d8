//! `template.yaml`, which says what there is: the table, and for each function its
//! variables, its routes and the queues that feed it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use emulator::arn::{ACCOUNT, REGION};
use template::{Function, Place, Route, Template};

const TEXT: &str = include_str!("../../../template.yaml");

/// What a deployment has to say.
const GIVEN: [(&str, &str); 10] = [
    ("JwtIssuer", "https://issuer.example"),
    ("JwtAudience", "mesa-de-ayuda"),
    // As the shipped catalogue has them.
    ("MailFrom", "soportespmic@uspec.gov.co"),
    ("ReplyAddress", "soporte@uspec.gov.co"),
    ("HelpDeskMailbox", "soportespmic@uspec.gov.co"),
    ("PrintingMailbox", "impresion@uspec.gov.co"),
    ("KnownAddresses", ""),
    ("BaseUrl", "https://mesa.example"),
    ("TokenSecret", "a secret of a desk in process long enough"),
    ("AlarmEmail", "operador@mesa.example"),
];

/// The template, read once.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let place = Place {
        account: ACCOUNT,
        region: REGION,
        endpoint: "http://127.0.0.1:4566",
    };
    let given = GIVEN.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Template::parse(TEXT, &[], &given, &place).unwrap()
});

/// A function.
///
/// # Panics
/// When the template has none of this name.
#[track_caller]
pub(crate) fn function(name: &str) -> &'static Function {
    let found = TEMPLATE
        .functions
        .iter()
        .find(|function| function.name == name);
    found.unwrap_or_else(|| panic!("the template has no function {name}"))
}

/// The routes of a function, in the order in which they are tried.
pub(crate) fn routes(function: &str) -> impl Iterator<Item = &'static Route> {
    TEMPLATE
        .routes
        .iter()
        .filter(move |route| route.function == function)
}

/// Whether a function is fed from a queue.
pub(crate) fn feeds(queue: &str, function: &str) -> bool {
    let mut mappings = TEMPLATE.mappings.iter();
    mappings.any(|mapping| mapping.queue == queue && mapping.function == function)
}

/// The variables of all functions together.
pub(crate) fn all_variables() -> BTreeMap<String, String> {
    let functions = TEMPLATE.functions.iter();
    functions.flat_map(|f| f.environment.clone()).collect()
}

/// The one table.
pub(crate) fn table() -> &'static template::Table {
    &TEMPLATE.tables[0]
}
