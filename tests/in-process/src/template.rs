//! `template.yaml`, as far as a desk in process goes by it: the table, and for
//! each function its variables and its routes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The template, read once.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(Template::read);

const TEXT: &str = include_str!("../../../template.yaml");

/// What a deployment has to say.
const GIVEN: [(&str, &str); 3] = [
    ("JwtIssuer", "https://issuer.example"),
    ("BaseUrl", "https://mesa.example"),
    ("TokenSecret", "a secret of a desk in process, long enough"),
];

pub(crate) struct Template {
    pub(crate) table: Table,
    pub(crate) functions: BTreeMap<String, Function>,
}

pub(crate) struct Table {
    pub(crate) name: String,
    /// The `CreateTable` request.
    pub(crate) create: Value,
}

pub(crate) struct Function {
    pub(crate) environment: BTreeMap<String, String>,
    /// Method and path of every route; `None` is the `$default` route.
    pub(crate) routes: Vec<Option<(String, String)>>,
    /// The queues that it is fed from.
    pub(crate) queues: Vec<String>,
}

impl Template {
    fn read() -> Self {
        let documents = Yaml::load_from_str(TEXT).unwrap();
        let document = to_json(&documents[0]);
        let scope = Scope(&document);
        let resources = document["Resources"].as_object().unwrap();
        let (name, table) = resources
            .iter()
            .find(|(_, resource)| resource["Type"] == "AWS::DynamoDB::Table")
            .unwrap();
        let mut create = json!({ "TableName": name, "BillingMode": "PAY_PER_REQUEST" });
        for property in [
            "AttributeDefinitions",
            "KeySchema",
            "GlobalSecondaryIndexes",
        ] {
            create[property] = table["Properties"][property].clone();
        }
        let functions = resources
            .values()
            .filter(|resource| resource["Type"] == "AWS::Serverless::Function")
            .map(|resource| {
                let name = &resource["Metadata"]["BuildProperties"]["Binary"];
                let globals = &document["Globals"]["Function"];
                let environment = [globals, &resource["Properties"]]
                    .into_iter()
                    .filter_map(|source| source["Environment"]["Variables"].as_object())
                    .flatten()
                    .map(|(name, value)| (name.clone(), scope.text(value)))
                    .collect();
                let events = resource["Properties"]["Events"].as_object().unwrap();
                let routes = events
                    .values()
                    .filter(|event| event["Type"] == "HttpApi")
                    .map(|event| {
                        let text = |name| event["Properties"][name].as_str().map(str::to_owned);
                        text("Method").zip(text("Path"))
                    })
                    .collect();
                let queues = events
                    .values()
                    .filter(|event| event["Type"] == "SQS")
                    .map(|event| scope.text(&event["Properties"]["Queue"]))
                    .map(|arn| arn.rsplit(':').next().unwrap().to_owned())
                    .collect();
                let function = Function {
                    environment,
                    routes,
                    queues,
                };
                (name.as_str().unwrap().to_owned(), function)
            })
            .collect();
        Template {
            table: Table {
                name: name.clone(),
                create,
            },
            functions,
        }
    }
}

/// What names in the template stand for.
struct Scope<'a>(&'a Value);

impl Scope<'_> {
    fn text(&self, value: &Value) -> String {
        if let Some(name) = value["Ref"].as_str() {
            return self.reference(name);
        }
        if let Some(path) = value["Fn::GetAtt"].as_array() {
            let name = path[0].as_str().unwrap();
            assert_eq!(self.0["Resources"][name]["Type"], "AWS::SQS::Queue");
            return format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        }
        match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn reference(&self, name: &str) -> String {
        if let Some((_, given)) = GIVEN.iter().find(|(given, _)| *given == name) {
            return (*given).to_owned();
        }
        let parameter = &self.0["Parameters"][name];
        if parameter.is_object() {
            return self.text(&parameter["Default"]);
        }
        match self.0["Resources"][name]["Type"].as_str().unwrap() {
            "AWS::SQS::Queue" => format!("http://127.0.0.1:4566/000000000000/{name}"),
            "AWS::S3::Bucket" => name.to_lowercase(),
            _ => name.to_owned(),
        }
    }
}

fn to_json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| {
                let key = to_json(key);
                (key.as_str().unwrap().to_owned(), to_json(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tag, inner) => match (tag.suffix.as_str(), to_json(inner)) {
            ("Ref", argument) => json!({ "Ref": argument }),
            ("GetAtt", Value::String(path)) => {
                json!({ "Fn::GetAtt": path.split('.').collect::<Vec<_>>() })
            }
            (name, argument) => json!({ format!("Fn::{name}"): argument }),
        },
        other => panic!("YAML that templates do not use: {other:?}"),
    }
}
