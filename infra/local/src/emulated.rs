//! The emulator's services as a template sets them up.

use std::sync::Arc;

use emulator::Services;
use emulator::clock::Clock;
use emulator::dynamodb::Tables;
use emulator::faults::Faults;
use emulator::roles::Roles;
use emulator::s3::Objects;
use emulator::ses::{Feedback, Mailbox, Receiving};
use emulator::sns::Topics;
use emulator::sqs::Queues;
use emulator::store::Store;
use template::{ReceiptRule, Template};

use crate::data::DataDirectory;
use crate::error::StartError;
use crate::options::Options;
use crate::wiring;

/// What the services keep, and how they hang together.
pub(crate) struct Emulated {
    pub(crate) tables: Tables,
    pub(crate) queues: Arc<Queues>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) faults: Arc<Faults>,
    objects: Arc<Objects>,
    topics: Arc<Topics>,
    store: Store,
}

impl Emulated {
    /// Opens what is kept in a data directory.
    pub(crate) fn open(
        template: &Template,
        data: &DataDirectory,
        options: &Options,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let durability = options.durability;
        let tables = tables(template, data, options)?;
        let store = Store::open(&data.file("host.db"), durability)
            .map_err(|error| StartError::Store(error.to_string()))?;
        let queues = Queues::open(store.clone(), &wiring::queues(&template.queues))
            .map_err(|error| StartError::Store(error.to_string()))?;
        let queues = Arc::new(queues);
        let buckets = wiring::buckets(&template.buckets);
        let objects = Objects::open(store.clone(), &data.objects(), buckets, clock)
            .map_err(|error| StartError::Store(error.to_string()))?;
        let subscriptions = wiring::subscriptions(&template.subscriptions);
        let topics = Arc::new(Topics::new(Arc::clone(&queues), subscriptions, clock));
        let feedback = Feedback {
            topics: Arc::clone(&topics),
            configuration_sets: template.configuration_sets.clone(),
            destinations: wiring::event_destinations(&template.event_destinations),
            identities: wiring::identities(&template.identities),
        };
        let faults = Arc::new(Faults::default());
        let mailbox = Mailbox::new(store.clone(), clock, feedback, Arc::clone(&faults));
        Ok(Self {
            tables,
            queues,
            mailbox: Arc::new(mailbox),
            faults,
            objects: Arc::new(objects),
            topics,
            store,
        })
    }

    /// What answers the SDKs, served on `port`, as far as their callers' roles go.
    pub(crate) fn services(&self, port: u16, roles: Roles) -> Services {
        Services {
            roles,
            tables: self.tables.clone(),
            queues: Arc::clone(&self.queues),
            objects: Arc::clone(&self.objects),
            mailbox: Arc::clone(&self.mailbox),
            faults: Arc::clone(&self.faults),
            port,
        }
    }

    /// What takes mail in by these rules.
    pub(crate) fn receiving(&self, rules: Vec<ReceiptRule>, clock: Clock) -> Receiving {
        Receiving {
            rules: wiring::receipt_rules(rules),
            objects: Arc::clone(&self.objects),
            topics: Arc::clone(&self.topics),
            store: self.store.clone(),
            clock,
        }
    }
}

fn tables(
    template: &Template,
    data: &DataDirectory,
    options: &Options,
) -> Result<Tables, StartError> {
    let described = wiring::tables(&template.tables);
    let tables = match &options.dynamodb {
        None => Tables::open(&data.file("table.db"), options.durability, &described)?,
        Some(url) => Tables::elsewhere(url, &data.region()?, &described)?,
    };
    Ok(match options.rows_a_page {
        None => tables,
        Some(rows) => tables.with_pages_of(rows),
    })
}
