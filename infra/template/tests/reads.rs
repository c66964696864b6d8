//! The product's template, and templates that cannot be run.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with them")]

use std::time::Duration;

use template::{Delivery, FailureReport, Limits, Place, Scan, Template};

const PLACE: Place<'_> = Place {
    account: "000000000000",
    region: "us-east-1",
    endpoint: "http://127.0.0.1:4566",
};

fn product() -> Template {
    let text = include_str!("../../../template.yaml");
    let offered = [
        ("JwtIssuer", "http://issuer".to_owned()),
        ("JwtAudience", "mesa-de-ayuda".to_owned()),
        ("BaseUrl", "http://base".to_owned()),
        ("TokenSecret", "secret".to_owned()),
        ("AlarmEmail", "operador@example.org".to_owned()),
    ];
    let given = [("OutboxAgeSeconds".to_owned(), "7".to_owned())];
    Template::parse(text, &offered, &given, &PLACE).unwrap()
}

#[test]
fn the_products_template_is_understood() {
    let template = product();
    let function = |name: &str| {
        let found = template
            .functions
            .iter()
            .find(|function| function.name == name);
        found.unwrap_or_else(|| panic!("{name}"))
    };
    let sweep = function("sla-sweep");
    assert_eq!(sweep.timeout, Duration::from_secs(50));
    assert_eq!(sweep.memory_mb, 256, "from the globals");
    let environment = |name: &str| sweep.environment[name].as_str();
    assert_eq!(environment("TABLE_NAME"), "Table");
    assert_eq!(environment("OUTBOX_AGE_SECONDS"), "7");
    assert_eq!(
        environment("NOTIFICATION_QUEUE_URL"),
        "http://127.0.0.1:4566/000000000000/NotificationQueue"
    );
    assert_eq!(function("closure").environment["TOKEN_SECRET"], "secret");
    assert_eq!(function("closure").timeout, Duration::from_secs(10));
    assert_eq!(function("intake").timeout, Duration::from_secs(14));

    let table = &template.tables[0];
    assert_eq!(table.expires_by.as_deref(), Some("expires_at"));
    let indexes = table.create["GlobalSecondaryIndexes"].as_array();
    assert!(indexes.is_some_and(|indexes| !indexes.is_empty()));

    let mut queues = template.queues.iter();
    let queue = queues
        .find(|queue| queue.name == "NotificationQueue")
        .unwrap();
    let redrive = queue.redrive.as_ref().unwrap();
    assert_eq!(redrive.dead_letter_queue, "NotificationDeadLetters");
    assert_eq!(redrive.max_receive_count, 5);
    let mut mappings = template.mappings.iter();
    let mapping = mappings
        .find(|mapping| mapping.function == "notifier")
        .unwrap();
    assert_eq!(mapping.failures, FailureReport::PerItem);
    assert_eq!(mapping.maximum_concurrency, 2);
    let schedules = template.schedules.iter();
    let mut schedules: Vec<_> = schedules
        .map(|schedule| (schedule.function.as_str(), schedule.rate.as_secs()))
        .collect();
    schedules.sort_unstable();
    assert_eq!(
        schedules,
        [("mailroom", 900), ("resolution", 3_600), ("sla-sweep", 60)]
    );
    let limits = Limits {
        rate: 100.0,
        burst: 1_000.0,
    };
    assert_eq!(template.limits, Some(limits));
    let limits = Limits {
        rate: 10.0,
        burst: 20.0,
    };
    assert_eq!(template.limits_of_routes["POST /surveys/{token}"], limits);
    assert_eq!(template.limits_of_routes["$default"], limits);

    let authorizer = template.authorizer.as_ref().unwrap();
    assert_eq!(authorizer.issuer, "http://issuer");
    assert_eq!(authorizer.audiences, ["mesa-de-ayuda"]);
    let authorized = |key: &str| {
        let mut routes = template.routes.iter();
        routes
            .find(|route| route.key == key)
            .map(|route| route.authorized)
    };
    assert_eq!(authorized("POST /tickets"), Some(true));
    assert_eq!(authorized("GET /surveys/{token}"), Some(false));
    let last = template.routes.last().unwrap();
    assert_eq!((last.key.as_str(), last.authorized), ("$default", false));
}

#[test]
fn what_the_host_cannot_do_is_said_and_not_skipped() {
    #[track_caller]
    fn check(resource: &str, expected: &str) {
        let text = format!(
            "Parameters: {{ P: {{ Default: 1 }} }}\nResources:\n  R: {resource}\n  Q: {{ Type: 'AWS::SQS::Queue' }}"
        );
        let error = Template::parse(&text, &[], &[], &PLACE)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    check(
        "{ Type: 'AWS::Kinesis::Stream' }",
        "does not know AWS::Kinesis::Stream",
    );
    let queue =
        |property: &str| format!("{{ Type: 'AWS::SQS::Queue', Properties: {{ {property} }} }}");
    check(&queue("FifoQueue: true"), "FIFO");
    check(&queue("QueueName: !ImportValue x"), "Fn::ImportValue");
    check(&queue("QueueName: !GetAtt Q.Colour"), "Colour");
    check(&queue("QueueName: !Ref Nobody"), "nothing called Nobody");
    check(
        &queue("DelaySeconds: soon"),
        "R.DelaySeconds: not a whole number",
    );
    check(
        &queue("ReceiveMessageWaitTimeSeconds: 5"),
        "R: the local host does not know ReceiveMessageWaitTimeSeconds",
    );
    check(
        &queue("RedrivePolicy: { deadLetterTargetArn: !GetAtt Q.Arn, colour: red }"),
        "R.RedrivePolicy: the local host does not know colour",
    );
    check(
        &queue("RedrivePolicy: {}"),
        "R.RedrivePolicy: missing field",
    );
    check(
        "{ Type: 'AWS::SQS::Queue', UpdatePolicy: {} }",
        "template.Resources.R: the local host does not know UpdatePolicy",
    );
    let function = |event: &str| {
        format!(
            "{{ Type: 'AWS::Serverless::Function', Metadata: {{ BuildProperties: {{ Binary: f }} }}, \
             Properties: {{ Events: {{ E: {event} }} }} }}"
        )
    };
    check(&function("{ Type: Kafka }"), "\"Kafka\"");
    check(
        &function("{ Type: Schedule, Properties: { Schedule: 'cron(0 * * * ? *)' } }"),
        "only rates",
    );
    check(
        &function("{ Type: SQS, Properties: { Queue: 'arn:x' } }"),
        "no queue",
    );
    check(
        &function("{ Type: HttpApi, Properties: { Auth: { AuthorizationScopes: [a] } } }"),
        "R.Events.E.Auth: the local host does not know AuthorizationScopes",
    );
}

#[test]
fn limits_of_a_route_that_is_none_are_an_error() {
    let text = "Resources:\n  Api: { Type: 'AWS::Serverless::HttpApi', Properties: { RouteSettings: \
        { 'GET /x': { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1 } } } }";
    let error = Template::parse(text, &[], &[], &PLACE).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("GET /x, which is no route"), "{error}");
}

#[test]
fn what_a_parameter_of_the_systems_manager_says_is_what_it_stands_for() {
    let text = |given: &str| {
        format!(
            "Parameters: {{ Name: {{ Type: String, Default: '{given}' }} }}\n\
             Conditions: {{ HasName: !Not [!Equals [!Ref Name, '']] }}\nResources:\n  \
             InUse: {{ Type: 'AWS::SSM::Parameter', Properties: {{ Value: !If [HasName, !Ref Name, own] }} }}\n  \
             Q: {{ Type: 'AWS::SQS::Queue', Properties: {{ QueueName: !GetAtt InUse.Value }} }}"
        )
    };
    for (given, expected) in [("", "own"), ("other", "other")] {
        let template = Template::parse(&text(given), &[], &[], &PLACE).unwrap();
        assert_eq!(template.queues[0].name, expected);
    }
}

#[test]
fn parameters_are_given_or_defaulted() {
    let parse = |given: &[(String, String)]| {
        let text = "Parameters: { P: { Type: String } }\nResources:\n  Q: { Type: 'AWS::SQS::Queue', Properties: { QueueName: !Sub 'q-${P}' } }";
        let template =
            Template::parse(text, &[], given, &PLACE).map_err(|error| error.to_string())?;
        Ok::<_, String>(template.queues[0].name.clone())
    };
    let pair = |name: &str| [(name.to_owned(), "x".to_owned())];
    assert_eq!(parse(&pair("P")).unwrap(), "q-x");
    assert!(parse(&[]).unwrap_err().contains("--parameter"));
    assert!(parse(&pair("X")).unwrap_err().contains("no parameter"));
}

#[test]
fn a_parameter_may_be_a_list() {
    let text = "Parameters: { To: { Type: CommaDelimitedList, Default: 'a@b.co, c.co' } }\n\
        Resources:\n  Set: { Type: 'AWS::SES::ReceiptRuleSet' }\n  Rule: { Type: 'AWS::SES::ReceiptRule', \
        Properties: { RuleSetName: !Ref Set, Rule: { Enabled: true, Recipients: !Ref To } } }";
    let template = Template::parse(text, &[], &[], &PLACE).unwrap();
    let rule = &template.receipt_rules[0];
    assert_eq!(rule.recipients, ["a@b.co", "c.co"]);
}

fn fixture(change: (&str, &str)) -> Result<Template, String> {
    let text = include_str!("template.yaml");
    assert!(text.contains(change.0), "{}", change.0);
    let text = text.replacen(change.0, change.1, 1);
    let offered = [("JwtIssuer", "http://issuer".to_owned())];
    Template::parse(&text, &offered, &[], &PLACE).map_err(|error| error.to_string())
}

#[test]
fn what_mail_needs_is_understood() {
    let template = fixture(("", "")).unwrap();
    let mail = &template;
    assert_eq!(mail.buckets[0].name, "mailbucket");
    assert_eq!(template.functions[0].environment["BUCKET"], "mailbucket");
    let topic = "arn:aws:sns:us-east-1:000000000000:MailTopic";
    assert_eq!(mail.topics, [topic]);
    let subscriptions = mail.subscriptions.iter();
    let subscriptions: Vec<_> = subscriptions
        .map(|subscription| (subscription.queue.as_str(), subscription.delivery))
        .collect();
    let expected = [
        ("InboundRaw", Delivery::Raw),
        ("Inbound", Delivery::Enveloped),
    ];
    assert_eq!(subscriptions, expected);
    let [rule] = mail.receipt_rules.as_slice() else {
        panic!("the disabled rule is left out");
    };
    assert_eq!((rule.name.as_str(), rule.scan), ("inbound", Scan::Enabled));
    assert_eq!(rule.actions[0].prefix, "inbound/");
    assert_eq!(rule.actions[0].topic_arn.as_deref(), Some(topic));
    assert_eq!(mail.event_destinations[0].events, ["bounce", "complaint"]);
    let identity = &mail.identities[0];
    assert_eq!(identity.configuration_set.as_deref(), Some("Sending"));
}

#[test]
fn mail_that_aws_would_lose_is_an_error() {
    #[track_caller]
    fn check(change: (&str, &str), expected: &str) {
        let error = fixture(change).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    check(
        (
            "Resource: !Sub \"${MailBucket.Arn}/inbound/*\"",
            "Resource: !Sub \"${MailBucket.Arn}/*.eml\"",
        ),
        "arn:aws:s3:::mailbucket/inbound/x: no policy of it allows ses.amazonaws.com to s3:PutObject for arn:aws:ses:us-east-1:000000000000:receipt-rule-set/RuleSet:receipt-rule/inbound",
    );
    check(
        ("Action: sns:Publish", "Action: sns:Subscribe"),
        "sns:Publish",
    );
    check(
        (
            "Queues: [!Ref Inbound, !Ref InboundRaw]",
            "Queues: [!Ref Inbound]",
        ),
        "InboundRaw: no policy of it allows sns.amazonaws.com",
    );
    check(
        (
            "Endpoint: !GetAtt Inbound.Arn",
            "Endpoint: arn:aws:sqs:us-east-1:0:Other",
        ),
        "no such queue",
    );
    check(("Protocol: sqs", "Protocol: https"), "queues only");
    check(
        (
            "Recipients: [desk@uspec.gov.co, lists.uspec.gov.co]",
            "Recipients: desk@uspec.gov.co",
        ),
        "Rule.Recipients: a list of texts",
    );
    check(
        ("BucketName: !Ref MailBucket", "BucketName: other"),
        "no bucket \"other\"",
    );
    check(("- S3Action: {", "- StopAction: {"), "S3 actions only");
    check(
        ("RuleSetName: !Ref RuleSet", "RuleSetName: other"),
        "its rule set is not in the template",
    );
    check(
        (
            "MatchingEventTypes: [bounce, complaint]",
            "MatchingEventTypes: [open]",
        ),
        "does not know the event \"open\"",
    );
    check(
        (
            "ConfigurationSetName: !Ref Sending",
            "ConfigurationSetName: other",
        ),
        "no configuration set \"other\"",
    );
}
