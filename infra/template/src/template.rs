//! Everything that a template sets up and runs.

use std::collections::BTreeMap;

use crate::alarm::Alarm;
use crate::api::{AccessLog, Authorizer, Cors, Limits, Route};
use crate::bucket::Bucket;
use crate::function::{Function, Mapping, Schedule};
use crate::policy::Policy;
use crate::queue::Queue;
use crate::ses::{EventDestination, Identity, ReceiptRule};
use crate::table::Table;
use crate::topic::Subscription;

/// A template, read and checked.
#[derive(Debug, Default)]
pub struct Template {
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// SQS queues.
    pub queues: Vec<Queue>,
    /// S3 buckets.
    pub buckets: Vec<Bucket>,
    /// The ARNs of SNS topics.
    pub topics: Vec<String>,
    /// What is subscribed to them.
    pub subscriptions: Vec<Subscription>,
    /// Rules for mail that comes in, those that are enabled.
    pub receipt_rules: Vec<ReceiptRule>,
    /// The names of configuration sets for mail that goes out.
    pub configuration_sets: Vec<String>,
    /// Where their events go, as far as they go to topics.
    pub event_destinations: Vec<EventDestination>,
    /// What mail is sent from.
    pub identities: Vec<Identity>,
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// The routes of the API, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// What feeds functions from queues.
    pub mappings: Vec<Mapping>,
    /// What calls functions at a rate.
    pub schedules: Vec<Schedule>,
    /// The authorizer of the routes that need one.
    pub authorizer: Option<Authorizer>,
    /// How many requests each route takes.
    pub limits: Option<Limits>,
    /// And those that take fewer or more than the rest, by their keys.
    pub limits_of_routes: BTreeMap<String, Limits>,
    /// The line that is written of each request.
    pub access_log: Option<AccessLog>,
    /// What pages of other origins may do with the API.
    pub cors: Option<Cors>,
    /// What somebody is to be told of.
    pub alarms: Vec<Alarm>,
    pub(crate) rule_sets: Vec<String>,
    pub(crate) policies: Vec<Policy>,
}

impl Template {
    /// Leaves the services as they are, and everything that does something out.
    pub fn rest(&mut self) {
        self.functions.clear();
        self.routes.clear();
        self.mappings.clear();
        self.schedules.clear();
        self.receipt_rules.clear();
        self.alarms.clear();
    }
}
