//! From what a template says to what the emulator's services are set up with. They
//! know nothing of each other, and the host knows both.

use emulator::arn::{ACCOUNT, REGION};
use emulator::roles::{Role, Roles};
use emulator::{dynamodb, s3, ses, sns, sqs};
use template::{Place, Template, TemplateError, Wanted};

/// What stands for a deployment's own choices, unless somebody makes them: the client
/// that tokens of the issuer here are for, and the mailboxes of the shipped catalogue.
const HERE: [(&str, &str); 6] = [
    ("JwtAudience", "mesa-de-ayuda"),
    ("MailFrom", "soportespmic@uspec.gov.co"),
    ("ReplyAddress", "soporte@uspec.gov.co"),
    ("HelpDeskMailbox", "soportespmic@uspec.gov.co"),
    ("PrintingMailbox", "impresion@uspec.gov.co"),
    ("KnownAddresses", ""),
];

/// Values of parameters that the host has itself, where the template declares them.
pub(crate) struct Offered {
    pub(crate) issuer: String,
    pub(crate) base_url: String,
    pub(crate) token_secret: String,
    pub(crate) client_secret: String,
}

/// Reads a template as it is deployed here.
pub(crate) fn template(
    text: &str,
    parameters: &[(String, String)],
    offered: &Offered,
    aws_port: u16,
) -> Result<Template, TemplateError> {
    let Offered {
        issuer,
        base_url,
        token_secret,
        client_secret,
    } = offered;
    let mut offered = vec![
        ("JwtIssuer", issuer.clone()),
        ("BaseUrl", base_url.clone()),
        ("TokenSecret", token_secret.clone()),
        // Whoever runs the host sees its alarms by himself.
        ("AlarmEmail", "operador@localhost".to_owned()),
        ("OidcClientSecret", client_secret.clone()),
    ];
    offered.extend(HERE.map(|(name, value)| (name, value.to_owned())));
    let place = Place {
        account: ACCOUNT,
        region: REGION,
        endpoint: &format!("http://127.0.0.1:{aws_port}"),
    };
    Template::parse(text, &offered, parameters, &place)
}

pub(crate) fn tables(tables: &[template::Table]) -> Vec<dynamodb::Table> {
    let tables = tables.iter().cloned();
    let tables = tables.map(|table| dynamodb::Table {
        name: table.name,
        create: table.create,
        expires_by: table.expires_by,
    });
    tables.collect()
}

pub(crate) fn queues(queues: &[template::Queue]) -> Vec<sqs::Queue> {
    let queues = queues.iter().cloned();
    let queues = queues.map(|queue| sqs::Queue {
        name: queue.name,
        visibility_timeout: queue.visibility_timeout,
        retention: queue.retention,
        delay: queue.delay,
        redrive: queue.redrive.map(|redrive| sqs::Redrive {
            dead_letter_queue: redrive.dead_letter_queue,
            max_receive_count: redrive.max_receive_count,
        }),
    });
    queues.collect()
}

pub(crate) fn buckets(buckets: &[template::Bucket]) -> Vec<s3::Bucket> {
    let rule = |rule: template::CorsRule| s3::CorsRule {
        origins: rule.origins,
        methods: rule.methods,
        headers: rule.headers,
        exposed: rule.exposed,
    };
    let buckets = buckets.iter().cloned();
    let buckets = buckets.map(|bucket| s3::Bucket {
        name: bucket.name,
        cors: bucket.cors.into_iter().map(rule).collect(),
    });
    buckets.collect()
}

pub(crate) fn subscriptions(all: &[template::Subscription]) -> Vec<sns::Subscription> {
    let all = all.iter().cloned();
    let all = all.map(|subscription| sns::Subscription {
        topic_arn: subscription.topic_arn,
        queue: subscription.queue,
        delivery: match subscription.delivery {
            template::Delivery::Raw => sns::Delivery::Raw,
            template::Delivery::Enveloped => sns::Delivery::Enveloped,
        },
    });
    all.collect()
}

pub(crate) fn receipt_rules(rules: Vec<template::ReceiptRule>) -> Vec<ses::ReceiptRule> {
    let action = |action: template::S3Action| ses::S3Action {
        bucket: action.bucket,
        prefix: action.prefix,
        topic_arn: action.topic_arn,
    };
    let rules = rules.into_iter();
    let rules = rules.map(|rule| ses::ReceiptRule {
        recipients: rule.recipients,
        scan: match rule.scan {
            template::Scan::Enabled => ses::Scan::Enabled,
            template::Scan::Disabled => ses::Scan::Disabled,
        },
        actions: rule.actions.into_iter().map(action).collect(),
    });
    rules.collect()
}

pub(crate) fn event_destinations(
    destinations: &[template::EventDestination],
) -> Vec<ses::EventDestination> {
    let destinations = destinations.iter().cloned();
    let destinations = destinations.map(|destination| ses::EventDestination {
        configuration_set: destination.configuration_set,
        events: destination.events,
        topic_arn: destination.topic_arn,
    });
    destinations.collect()
}

pub(crate) fn identities(identities: &[template::Identity]) -> Vec<ses::Identity> {
    let identities = identities.iter().cloned();
    let identities = identities.map(|identity| ses::Identity {
        name: identity.name,
        configuration_set: identity.configuration_set,
    });
    identities.collect()
}

/// The roles of functions, who sign with their names.
pub(crate) fn roles(functions: &[template::Function]) -> Roles {
    let functions = functions.iter().map(|function| {
        let permissions = function.permissions.clone();
        let role: Role = Box::new(move |need| {
            permissions.allow(&Wanted {
                action: &need.action,
                resource: &need.resource,
                context: &need.context,
            })
        });
        (function.name.clone(), role)
    });
    functions.collect()
}

#[cfg(test)]
mod tests {
    use types::api::pages::PAGES;

    use super::*;

    /// The tables of routes and pages, and what is wired: route, function, and whether it
    /// takes a token to be let in.
    #[test]
    fn the_products_routes_are_those_of_its_api() {
        let offered = Offered {
            issuer: "http://issuer".to_owned(),
            base_url: "http://base".to_owned(),
            token_secret: "secret".to_owned(),
            client_secret: "client".to_owned(),
        };
        let text = include_str!("../../../template.yaml");
        let template = template(text, &[], &offered, 4566).unwrap();
        let wired = template.routes.iter();
        let mut wired: Vec<(String, String, bool)> = wired
            .map(|route| (route.key.clone(), route.function.clone(), route.authorized))
            .collect();
        let mut known: Vec<_> = types::api::ROUTES
            .iter()
            .map(|row| {
                let key = format!("{} {}", row.method, row.path);
                let function = row.function.name().to_owned();
                (key, function, !row.access.is_public())
            })
            .collect();
        let forms = types::api::ROUTES.iter();
        // A browser's form sends no other method.
        let forms = forms.flat_map(|row| row.forms().map(|path| ("POST", path, row.function)));
        let pages = PAGES
            .iter()
            .map(|page| (page.method, page.path, page.function));
        for (method, path, function) in forms.chain(pages) {
            // Who looks is known by his session.
            known.push((
                format!("{method} {path}"),
                function.name().to_owned(),
                false,
            ));
        }
        known.push(("$default".to_owned(), "desk".to_owned(), false));
        wired.sort_unstable();
        known.sort_unstable();
        assert_eq!(wired, known);
    }
}
