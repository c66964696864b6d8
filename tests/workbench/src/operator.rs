//! What an operator does: the audit, the dead letters, and rows and objects by
//! hand.
#![expect(
    clippy::unwrap_used,
    reason = "this is for tests: it fails with the test that uses it"
)]

use std::process::Command;

use serde_json::{Value, json};

use crate::host::{Host, built, further};

/// What an audit printed.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Kinds and places.
    pub findings: Vec<(String, String)>,
    pub text: String,
}

impl Audit {
    /// Nothing was found.
    ///
    /// # Panics
    /// When something was.
    #[track_caller]
    pub fn must_be_clean(&self) {
        assert!(self.findings.is_empty(), "{}", self.text);
    }
}

impl Host {
    /// Audits what the host keeps, whether it runs or not.
    ///
    /// # Panics
    /// When the audit did not come to its end.
    #[track_caller]
    pub fn audit(&self, arguments: &[&str]) -> Audit {
        Self::audited(self.operator("audit").args(arguments))
    }

    /// The same as it is done in AWS: nothing is known but what the environment
    /// says.
    #[track_caller]
    pub fn audit_as_in_aws(&self, arguments: &[&str]) -> Audit {
        let mut audit = Command::new(built().join("local"));
        audit
            .args(["audit", "--aws"])
            .env("AWS_ENDPOINT_URL", self.aws_client().base())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "operator")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("TABLE_NAME", self.table().as_str().unwrap())
            .env("MAIL_BUCKET", "mailbucket")
            .env("FILES_BUCKET", "filesbucket");
        Self::audited(audit.args(arguments))
    }

    #[track_caller]
    fn audited(audit: &mut Command) -> Audit {
        let output = audit.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(text.ends_with(" findings\n"), "{text}{problem}");
        let mut findings = Vec::new();
        let mut kind = "";
        for line in text.lines() {
            match line.strip_prefix("  ") {
                Some(found) => {
                    let place = found.split_once(": ").map_or(found, |(place, _)| place);
                    findings.push((kind.to_owned(), place.to_owned()));
                }
                None => kind = line.split(':').next().unwrap_or_default(),
            }
        }
        assert_eq!(
            output.status.success(),
            findings.is_empty(),
            "{text}{problem}"
        );
        Audit { findings, text }
    }

    /// Sends the dead letters of the queue that `part` names back.
    #[track_caller]
    pub fn redrive(&self, part: &str) {
        let status = self.operator("redrive").arg(part).status().unwrap();
        assert!(status.success(), "{status}");
    }

    /// Shows what a restored table owes, or makes it fit for use, and gives what was said.
    ///
    /// # Panics
    /// When that was refused.
    #[track_caller]
    pub fn restored(&self, arguments: &[&str]) -> String {
        self.try_restored(arguments).unwrap()
    }

    /// The same, or nothing where it was refused.
    pub fn try_restored(&self, arguments: &[&str]) -> Option<String> {
        let output = self.operator("restored").args(arguments).output();
        let output = output.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(said)
    }

    /// An operator's command on this host's data.
    fn operator(&self, command: &str) -> Command {
        let mut operator = Command::new(built().join("local"));
        operator.args([command, "--data"]).arg(self.data());
        operator.args(further());
        operator
    }

    fn table(&self) -> Value {
        let tables = self.aws("DynamoDB_20120810.ListTables", &json!({}));
        tables["TableNames"][0].clone()
    }

    /// All rows of the table, as DynamoDB writes them.
    pub fn rows(&self) -> Vec<Value> {
        let table = self.table();
        let mut rows = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": table, "ConsistentRead": true });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let mut page = self.aws("DynamoDB_20120810.Scan", &request);
            rows.append(page["Items"].as_array_mut().unwrap());
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return rows;
            }
        }
    }

    /// A row; `null` where there is none.
    pub fn row(&self, pk: &str, sk: &str) -> Value {
        let request = json!({
            "TableName": self.table(),
            "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
            "ConsistentRead": true,
        });
        self.aws("DynamoDB_20120810.GetItem", &request)["Item"].take()
    }

    /// Writes a row over whatever is there.
    pub fn put_row(&self, row: &Value) {
        let request = json!({ "TableName": self.table(), "Item": row });
        self.aws("DynamoDB_20120810.PutItem", &request);
    }

    /// Changes a row that is there.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn change_row(&self, pk: &str, sk: &str, change: impl FnOnce(&mut Value)) {
        let mut row = self.row(pk, sk);
        assert!(row.is_object(), "{pk} / {sk} is not there");
        change(&mut row);
        self.put_row(&row);
    }

    /// Deletes a row that is there.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn delete_row(&self, pk: &str, sk: &str) {
        let request = json!({
            "TableName": self.table(),
            "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
            "ConditionExpression": "attribute_exists(pk)",
        });
        self.aws("DynamoDB_20120810.DeleteItem", &request);
    }

    /// Writes an object.
    #[track_caller]
    pub fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let request = self.aws_request("PUT", &format!("/{bucket}/{key}"));
        request.body("text/plain", bytes).send().must_be(200);
    }

    /// An object's bytes.
    #[track_caller]
    pub fn object(&self, bucket: &str, key: &str) -> String {
        let request = self.aws_request("GET", &format!("/{bucket}/{key}"));
        request.send().must_be(200).body
    }

    /// Deletes an object.
    #[track_caller]
    pub fn delete_object(&self, bucket: &str, key: &str) {
        let request = self.aws_request("DELETE", &format!("/{bucket}/{key}"));
        request.send().must_be(204);
    }
}
