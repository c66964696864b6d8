//! `cargo run -- demo`: the guided tour. It plays requests from the form to the
//! end on the real functions, prints what a person would want to see of it, and
//! checks where they ended.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::client::{Answer, Client, ClientError};
use crate::forms::{self, Part};
use crate::people::{AUDITOR, COORDINATOR};
use crate::{Letter, POLL, Smtp};

/// How long a step may take to show.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why the tour ended early, or ended wrong.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{what} was answered {status}: {body}")]
    Refused {
        what: String,
        status: u16,
        body: String,
    },
    #[error("the mail to {to} was not taken: {source}")]
    Mail {
        to: String,
        #[source]
        source: std::io::Error,
    },
    #[error("waited in vain for {0}")]
    Late(String),
    #[error("{what} is {found}, and should be {expected}")]
    Wrong {
        what: String,
        expected: String,
        found: String,
    },
    #[error("no mail has a survey's link for {0}")]
    NoSurvey(String),
}

/// Where a host listens.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub api: u16,
    pub aws: u16,
    pub smtp: u16,
}

/// The tour. What it says goes to `say`, piece by piece.
pub struct Demo<'a> {
    client: Client,
    aws: Client,
    smtp_port: u16,
    say: &'a (dyn Fn(&str) + Sync),
}

impl<'a> Demo<'a> {
    /// A tour of the host that listens there.
    pub fn new(ports: Ports, say: &'a (dyn Fn(&str) + Sync)) -> Self {
        Demo {
            client: Client::of_port(ports.api),
            aws: Client::of_port(ports.aws),
            smtp_port: ports.smtp,
            say,
        }
    }

    /// Plays everything.
    ///
    /// # Errors
    /// At the first thing that is not as the procedure says.
    pub fn play(&self) -> Result<(), DemoError> {
        self.solved_and_rated()?;
        self.solved_without_survey()?;
        self.rejected_and_rated()?;
        self.phoned_in_and_expired()?;
        self.escalated_and_supported()?;
        self.overdue()?;
        self.by_mail()?;
        self.accounts_given_and_taken_back()?;
        self.a_contract_that_ends()?;
        (self.say)("\nTodo terminó como dice el procedimiento.\n");
        Ok(())
    }

    /// A platform problem: form, agent, contact, solution, survey, closed.
    fn solved_and_rated(&self) -> Result<(), DemoError> {
        self.heading(
            "Un problema de plataforma: del formulario a la encuesta (actividades 1 a 4 y 13 a 15)",
        );
        let who = "ana.gomez@uspec.gov.co";
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "No abre el correo institucional",
                "description": "Desde las 8 de la mañana el correo muestra «sin conexión».",
                "category": "plataforma",
            }),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/contact"),
            &json!({"note": "Llamada a la extensión 210."}),
        )?;
        let update =
            json!({"body": "Estamos revisando su perfil de correo.", "visibility": "public"});
        self.command(&agent, &format!("{ticket}/followups"), &update)?;
        let solution = json!({"solution": "Se recreó el perfil de correo y se verificó el envío."});
        self.command(&agent, &format!("{ticket}/resolution"), &solution)?;
        // Registered, assigned, followed up, solved.
        self.mails(&ticket, 4)?;
        self.refused(
            &agent,
            &format!("{ticket}/closure"),
            &json!({}),
            "cerrar con la encuesta pendiente",
        )?;
        let survey = self.survey(&ticket)?;
        let answer = json!({"solved": true, "rating": 5, "comment": "Muy buena atención."});
        let reply = self.answer(&survey, &answer)?;
        self.accepted("responder la encuesta", &reply)?;
        self.ends(who, &ticket, "satisfied", 6)
    }

    /// A network request: no survey, the desk closes.
    fn solved_without_survey(&self) -> Result<(), DemoError> {
        self.heading("Una configuración de red: sin encuesta, la cierra la Mesa de Ayuda");
        let who = "luis.rojas@uspec.gov.co";
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "Punto de red en la oficina 402",
                "description": "Se necesita habilitar el punto de red del puesto nuevo.",
                "category": "redes",
            }),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/contact"),
            &json!({"note": "Visita al puesto."}),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/resolution"),
            &json!({"solution": "Punto habilitado."}),
        )?;
        self.command(&agent, &format!("{ticket}/closure"), &json!({}))?;
        self.ends(who, &ticket, "desk", 4)
    }

    /// The first solution does not hold.
    fn rejected_and_rated(&self) -> Result<(), DemoError> {
        self.heading("Una solución que no sirvió: reabierta, resuelta de nuevo y evaluada");
        let who = "marta.diaz@uspec.gov.co";
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "Word se cierra solo",
                "description": "Al guardar, Word se cierra y se pierde el documento.",
                "category": "ofimatica",
            }),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/contact"),
            &json!({"note": "Acceso remoto."}),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/resolution"),
            &json!({"solution": "Se reparó Office."}),
        )?;
        self.mails(&ticket, 3)?;
        let survey = self.survey(&ticket)?;
        let answer = json!({"solved": false, "rating": 2, "comment": "Sigue pasando."});
        let reply = self.answer(&survey, &answer)?;
        self.accepted("responder que no quedó solucionado", &reply)?;
        self.is(
            &reply.value()["status"],
            &json!("assigned"),
            "el estado tras la encuesta",
        )?;
        self.command(
            &agent,
            &format!("{ticket}/resolution"),
            &json!({"solution": "Se reinstaló Office."}),
        )?;
        // The answer to the desk and the reopening, and solved again.
        self.mails(&ticket, 6)?;
        let again = self.survey(&ticket)?;
        let old = self.answer(&survey, &answer)?;
        self.is(
            &json!(old.status),
            &json!(409),
            "la respuesta a la encuesta vieja",
        )?;
        let answer = json!({"solved": true, "rating": 4});
        let reply = self.answer(&again, &answer)?;
        self.accepted("responder la segunda encuesta", &reply)?;
        self.ends(who, &ticket, "satisfied", 8)
    }

    /// A call to extension 394, and a requester who never answers.
    fn phoned_in_and_expired(&self) -> Result<(), DemoError> {
        self.heading("Una llamada a la extensión 394, cerrada al vencer el tiempo de validación");
        let who = "pedro.ruiz@uspec.gov.co";
        let operator = "agente2.impresion@uspec.gov.co";
        let (ticket, agent) = self.registered(
            operator,
            &json!({
                "title": "Impresora atascada en el piso 3",
                "description": "La impresora del piso 3 muestra atasco y no hay papel visible.",
                "category": "impresion",
                "channel": "phone",
                "extension": "394",
                "requester": {"email": who, "name": "Pedro Ruiz", "unit": "Contratación", "kind": "contractor"},
            }),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/contact"),
            &json!({"note": "En sitio."}),
        )?;
        self.command(
            &agent,
            &format!("{ticket}/resolution"),
            &json!({"solution": "Se retiró el papel."}),
        )?;
        let solved = self.show(who, &ticket)?;
        let due: Option<Timestamp> = solved["clocks"]["validation"]["due_at"]
            .as_str()
            .and_then(|due| due.parse().ok());
        let due =
            due.ok_or_else(|| DemoError::Late("el vencimiento de la validación".to_owned()))?;
        (self.say)(&format!(
            "    … nadie responde; la validación vence el {}\n",
            local(due)
        ));
        self.sweep(due - jiff::SignedDuration::from_hours(1))?;
        self.mails(&ticket, 4)?;
        self.sweep(due + jiff::SignedDuration::from_mins(1))?;
        // With the reminder.
        self.ends(who, &ticket, "validation_expired", 5)
    }

    /// The desk cannot solve it: officer, provider, officer, desk, survey.
    fn escalated_and_supported(&self) -> Result<(), DemoError> {
        self.heading(
            "Un problema que la Mesa de Ayuda no puede resolver: Oficina de Tecnología y proveedor (actividades 5 a 14)",
        );
        let (who, officer) = ("sara.leon@uspec.gov.co", "oficial1.tecnologia@uspec.gov.co");
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "Sin acceso a la carpeta compartida",
                "description": "Nadie del piso 5 puede abrir la carpeta compartida.",
                "category": "plataforma",
            }),
        )?;
        let at = |command: &str| format!("{ticket}/{command}");
        let note = json!({"note": "Visita al piso 5: falla para todos."});
        self.command(&agent, &at("contact"), &note)?;
        self.waits(who, &ticket, &json!("assigned"), &Value::Null)?;

        let escalation = json!({
            "officer": officer,
            "justification": "El servidor de archivos no responde; la Mesa de Ayuda no tiene acceso a él.",
        });
        self.command(&agent, &at("escalation"), &escalation)?;
        self.waits(who, &ticket, &json!("on_hold"), &json!("technology"))?;
        let resolution = json!({"solution": "Listo."});
        self.refused(
            &agent,
            &at("resolution"),
            &resolution,
            "resolver sin reporte",
        )?;

        let request = json!({
            "provider": "redes_externo",
            "message": "El enlace del servidor de archivos está caído desde las 7:40. Por favor revisar el puerto 12.",
        });
        self.command(officer, &at("provider"), &request)?;
        self.waits(who, &ticket, &json!("on_hold"), &json!("provider"))?;
        self.is(
            &self.show(who, &ticket)?["clocks"]["solution"]["state"],
            &json!("paused"),
            "el tiempo de solución mientras se espera al proveedor",
        )?;
        let answer = json!({"body": "Se cambió el módulo del puerto 12. El enlace está arriba."});
        self.command(officer, &at("provider-reply"), &answer)?;
        self.waits(who, &ticket, &json!("on_hold"), &json!("technology"))?;

        let report = json!({"body": "El proveedor restableció el enlace; se verificó el acceso a la carpeta."});
        self.command(officer, &at("solution-report"), &report)?;
        let update = json!({"body": "La Oficina de Tecnología restableció el servicio.", "visibility": "public"});
        self.command(&agent, &at("followups"), &update)?;
        let solution = json!({"solution": "Se restableció el enlace del servidor de archivos."});
        self.command(&agent, &at("resolution"), &solution)?;
        // Registered, assigned, escalated, provider, report, follow-up (to the
        // requester and to the officer), solved.
        self.mails(&ticket, 8)?;
        let survey = self.survey(&ticket)?;
        let reply = self.answer(&survey, &json!({"solved": true, "rating": 5}))?;
        self.accepted("responder la encuesta", &reply)?;
        // And the answer to the desk, and that it is closed.
        self.ends(who, &ticket, "satisfied", 10)
    }

    /// Nobody gets in touch: the steps of the attention time, and the account of
    /// it that a coordinator can defend.
    fn overdue(&self) -> Result<(), DemoError> {
        self.heading("Nadie atiende: avisos al 80 %, al 100 % y al 200 % del tiempo de atención");
        let (who, coordinator) = ("hugo.mora@uspec.gov.co", "coordinador.mesa@uspec.gov.co");
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "No puedo entrar a la red",
                "description": "El usuario de red no funciona.",
                "category": "redes",
            }),
        )?;
        let clocks = self.show(coordinator, &format!("{ticket}/clocks"))?;
        let steps = clocks["attention"]["steps"]
            .as_array()
            .into_iter()
            .flatten();
        let times: Vec<Timestamp> = steps
            .filter_map(|step| step["at"].as_str()?.parse().ok())
            .collect();
        self.is(&json!(times.len()), &json!(3), "los avisos previstos")?;
        (self.say)(&format!(
            "\n    {}\n\n",
            clocks["attention"]["explanation"]
                .as_str()
                .unwrap_or_default()
        ));
        for (i, time) in times.into_iter().enumerate() {
            // The solution time, which began a moment later, has its own steps.
            self.sweep(time + jiff::SignedDuration::from_secs(5))?;
            self.eventually(&format!("el aviso del {}", local(time)), || {
                let events = self.show(coordinator, &format!("{ticket}/events"))?;
                let events = events["items"].as_array().into_iter().flatten();
                let fired = events.filter(|event| {
                    event["kind"]
                        .as_str()
                        .is_some_and(|kind| kind.starts_with("attention_"))
                });
                Ok((fired.count() == i + 1).then_some(()))
            })?;
        }
        self.command(
            &agent,
            &format!("{ticket}/contact"),
            &json!({"note": "Por fin."}),
        )?;
        let solution = json!({"solution": "Se desbloqueó el usuario de red."});
        self.command(&agent, &format!("{ticket}/resolution"), &solution)?;
        self.command(&agent, &format!("{ticket}/closure"), &json!({}))?;
        // Registered, assigned, solved, closed; three steps of the attention, and
        // two of the solution, which is due when the attention is at 200 %.
        self.ends(who, &ticket, "desk", 9)
    }

    /// Everything that the requester does, he does by mail.
    fn by_mail(&self) -> Result<(), DemoError> {
        self.heading(
            "Por correo: la solicitud, una respuesta automática, y la respuesta que la reabre",
        );
        let (who, reader) = ("elena.paz@uspec.gov.co", AUDITOR);
        let request = Letter::new(
            "Elena Paz <elena.paz@uspec.gov.co>",
            "=?utf-8?Q?La_impresora_no_imprime_a_color?=",
            "Todo sale en blanco y negro.",
        );
        self.mail(&request.with("To", "impresion@uspec.gov.co"))?;
        let found = self.eventually("la solicitud que llegó por correo", || {
            let list = self.show(reader, "/tickets?team=impresion&status=assigned")?;
            Ok(list["items"]
                .as_array()
                .and_then(|items| items.first().cloned()))
        })?;
        let ticket = format!("/tickets/{}", found["number"]);
        let agent = found["assignee"]["email"].as_str().unwrap_or_default();
        self.is(&found["channel"], &json!("email"), "el origen")?;
        let contact = json!({"note": "Llamada a la extensión 394."});
        self.command(agent, &format!("{ticket}/contact"), &contact)?;
        let solution = json!({"solution": "Se cambió el cartucho de color."});
        self.command(agent, &format!("{ticket}/resolution"), &solution)?;

        // To the address that the mail about the solution asks replies to.
        let mails = self.mails(&ticket, 3)?;
        let solved = mails.last().map(|mail| header(mail, "Reply-To"));
        let reply_to = solved.unwrap_or_default();
        let reply = |text: &str| {
            let reply = Letter::new(
                "Elena Paz <elena.paz@uspec.gov.co>",
                "Re: Solicitud resuelta",
                text,
            );
            reply.with("To", &reply_to)
        };
        let away = reply("Estoy fuera de la oficina.");
        self.mail(&away.with("Auto-Submitted", "auto-replied"))?;
        self.eventually("la respuesta automática en el archivo", || {
            let events = self.show(reader, &format!("{ticket}/events"))?;
            let filed = events["items"].as_array().into_iter().flatten();
            let mut filed = filed.filter(|event| event["kind"] == "mail_filed");
            Ok(filed.next().map(|_| ()))
        })?;
        self.waits(who, &ticket, &json!("solved"), &Value::Null)?;
        self.mail(&reply("Sigue en blanco y negro."))?;
        self.eventually("la reapertura por correo", || {
            let shown = self.show(who, &ticket)?;
            Ok((shown["status"] == "assigned").then_some(()))
        })?;
        let solution = json!({"solution": "Se actualizó el controlador; imprime a color."});
        self.command(agent, &format!("{ticket}/resolution"), &solution)?;
        self.command(agent, &format!("{ticket}/closure"), &json!({}))?;
        // Registered, assigned, solved; reopened to both; solved, closed.
        self.ends(who, &ticket, "desk", 7)
    }

    /// Brings a mail to whom it is written.
    fn mail(&self, letter: &Letter) -> Result<(), DemoError> {
        let to = letter.header("To");
        let bring = || {
            let mut smtp = Smtp::try_connect(self.smtp_port)?;
            smtp.try_send(letter.sender(), &[to], &letter.raw())?
                .try_id()
        };
        bring().map(|_| ()).map_err(|source| DemoError::Mail {
            to: to.to_owned(),
            source,
        })
    }

    /// Section 5.1: accounts and equipment by A3-S1-FO-01, five parties in order; then the
    /// leaving by A3-FO-12, which is not signed while an account is left.
    fn accounts_given_and_taken_back(&self) -> Result<(), DemoError> {
        const DOCUMENT: &str = "52345618";
        self.heading(
            "Cuentas y equipo de un contratista: cinco firmas en orden, la matriz, y su retiro (5.1)",
        );
        let who = "luisa.mora@uspec.gov.co";
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "Cuenta y equipo para un contratista nuevo",
                "description": "Entra el lunes a Supervisión de Contratos.",
                "category": "cuentas_equipos",
            }),
        )?;
        let parts = forms::accounts(DOCUMENT, &agent);
        let resolution = format!("{ticket}/resolution");
        let delivered = json!({"solution": "Cuentas y equipo entregados."});
        self.refused(&agent, &resolution, &delivered, "resolver sin el formato")?;
        let early = &parts[4];
        let path = signature(&ticket, "A3-S1-FO-01", early.section);
        let fields = json!({ "fields": early.fields });
        self.refused(
            &agent,
            &path,
            &fields,
            "firmar la sección 4 antes de tiempo",
        )?;
        // Registered, assigned, and whose turn it is; then each signature tells the next, and
        // the desk where it is neither's.
        self.signed(&ticket, "A3-S1-FO-01", &parts, &[3, 5, 7, 9, 10, 11, 12])?;
        self.command(&agent, &resolution, &delivered)?;
        self.command(&agent, &format!("{ticket}/closure"), &json!({}))?;
        self.ends(who, &ticket, "desk", 14)?;

        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "Termina el contrato de Ricardo Pérez",
                "description": "Hoy es su último día.",
                "category": "desvinculacion",
            }),
        )?;
        let parts = forms::leaving(DOCUMENT, &agent);
        self.signed(&ticket, "A3-FO-12", &parts[..1], &[3, 5])?;
        let mut half = parts[1].fields.clone();
        if let Some(rows) = half["disabled"].as_array_mut() {
            rows.pop();
        }
        let path = signature(&ticket, "A3-FO-12", parts[1].section);
        let reply = self.post(&parts[1].by, &path, &json!({ "fields": half }))?;
        let what = "una cuenta activa impide firmar el A3-FO-12";
        self.is(
            &reply.value()["errors"][0]["code"],
            &json!("accounts_left"),
            what,
        )?;
        self.signed(&ticket, "A3-FO-12", &parts[1..], &[5, 7, 9, 10, 10])?;
        let format = self.show(&agent, &format!("{ticket}/formats/A3-FO-12"))?;
        self.is(
            &format["clearance"]["issued"],
            &json!(true),
            "el paz y salvo",
        )?;
        let matrix = self.show(AUDITOR, "/accounts")?;
        let accounts = matrix["items"][0]["accounts"].as_array();
        let standings: Vec<_> = accounts
            .into_iter()
            .flatten()
            .map(|of| &of["standing"])
            .collect();
        let expected = json!(["disabled", "disabled"]);
        self.is(&json!(standings), &expected, "las cuentas en la matriz")?;
        let gone = json!({"solution": "Cuentas deshabilitadas y paz y salvo expedido."});
        self.command(&agent, &format!("{ticket}/resolution"), &gone)?;
        self.command(&agent, &format!("{ticket}/closure"), &json!({}))?;
        self.ends(who, &ticket, "desk", 12)
    }

    /// A contract ends tomorrow: the request to disable the accounts opens by itself, in the name
    /// of whoever supervises it.
    fn a_contract_that_ends(&self) -> Result<(), DemoError> {
        self.heading(
            "Un contrato que termina: la solicitud de deshabilitar se abre sola (A3-FO-12)",
        );
        let who = "luisa.mora@uspec.gov.co";
        let (ticket, agent) = self.registered(
            who,
            &json!({
                "title": "Cuenta para un contratista por pocos días",
                "description": "Su contrato termina mañana.",
                "category": "cuentas_equipos",
            }),
        )?;
        let asked = self.show(&agent, &ticket)?["created_at"]
            .as_str()
            .and_then(|at| at.parse::<Timestamp>().ok());
        let now = asked.ok_or_else(|| DemoError::Late(format!("la hora de {ticket}")))?;
        let tomorrow = now + jiff::SignedDuration::from_hours(24);
        let end = json!(local(tomorrow).split(' ').next());
        let mut parts = forms::accounts("10203040", &agent);
        parts[0].fields["contract_end"] = end.clone();
        parts[1].fields["accounts"][1]["valid_until"] = end;
        self.signed(&ticket, "A3-S1-FO-01", &parts, &[])?;
        self.sweep(now + jiff::SignedDuration::from_mins(1))?;
        let opened = self.eventually("la solicitud de deshabilitar", || {
            let matrix = self.show(AUDITOR, "/accounts")?;
            let mut people = matrix["items"].as_array().into_iter().flatten();
            Ok(people.find_map(|person| person["ends_by"].as_u64()))
        })?;
        let opened = format!("/tickets/{opened}");
        let shown = self.show(AUDITOR, &opened)?;
        self.is(
            &shown["requester"]["email"],
            &json!(COORDINATOR),
            "en nombre de quién se abre",
        )?;
        let reply = self.get(AUDITOR, &format!("{opened}/events"))?;
        self.accepted("la historia", &reply)?;
        (self.say)(&history(&shown, &reply.value()));
        // Registered, assigned, and whose turn it is: two offices and the supervisor, in one.
        for mail in &self.mails(&opened, 3)? {
            (self.say)(&letter(mail));
        }
        Ok(())
    }

    /// Has sections signed, each by whoever it is for, and waits for who is told: so many
    /// mails before the first, and after each.
    fn signed(
        &self,
        ticket: &str,
        code: &str,
        parts: &[Part],
        mails: &[usize],
    ) -> Result<(), DemoError> {
        let mut mails = mails.iter();
        let mut told = || match mails.next() {
            Some(count) => self.mails(ticket, *count).map(drop),
            None => Ok(()),
        };
        told()?;
        for part in parts {
            let path = signature(ticket, code, part.section);
            self.command(&part.by, &path, &json!({ "fields": part.fields }))?;
            told()?;
        }
        Ok(())
    }

    /// `GET` of somebody.
    fn get(&self, who: &str, path: &str) -> Result<Answer, ClientError> {
        let client = self.client.try_signed_in(who)?;
        client.request("GET", path).try_send()
    }

    /// `POST` of somebody.
    fn post(&self, who: &str, path: &str, body: &Value) -> Result<Answer, ClientError> {
        let client = self.client.try_signed_in(who)?;
        client.request("POST", path).json(body).try_send()
    }

    /// Checks where a ticket stands.
    fn waits(
        &self,
        who: &str,
        ticket: &str,
        status: &Value,
        reason: &Value,
    ) -> Result<(), DemoError> {
        let shown = self.show(who, ticket)?;
        self.is(&shown["status"], status, &format!("el estado de {ticket}"))?;
        self.is(&shown["hold_reason"], reason, "el motivo de la espera")
    }

    /// Has the deadlines looked at as of `time`.
    fn sweep(&self, time: Timestamp) -> Result<(), DemoError> {
        let path = "/2015-03-31/functions/sla-sweep/invocations";
        let request = self.aws.request("POST", path);
        let reply = request.json(&json!({ "time": time })).try_send()?;
        self.accepted("el barrido de plazos", &reply)
    }

    fn heading(&self, text: &str) {
        (self.say)(&format!(
            "\n{}\n{text}\n{}\n",
            "=".repeat(90),
            "=".repeat(90)
        ));
    }

    /// Registers and waits for the assignment: the ticket's path and its agent.
    fn registered(&self, who: &str, body: &Value) -> Result<(String, String), DemoError> {
        let reply = self.post(who, "/tickets", body)?;
        self.accepted("registrar", &reply)?;
        let ticket = format!("/tickets/{}", reply.value()["number"]);
        let requester = reply.value()["requester"]["email"]
            .as_str()
            .unwrap_or(who)
            .to_owned();
        let shown = self.eventually(&format!("la asignación de {ticket}"), || {
            let shown = self.show(&requester, &ticket)?;
            Ok((shown["status"] == "assigned").then_some(shown))
        })?;
        let agent = shown["assignee"]["email"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok((ticket, agent))
    }

    fn command(&self, who: &str, path: &str, body: &Value) -> Result<(), DemoError> {
        let reply = self.post(who, path, body)?;
        self.accepted(path, &reply)
    }

    fn refused(&self, who: &str, path: &str, body: &Value, what: &str) -> Result<(), DemoError> {
        let reply = self.post(who, path, body)?;
        self.is(&json!(reply.status), &json!(409), what)
    }

    fn show(&self, who: &str, ticket: &str) -> Result<Value, DemoError> {
        let reply = self.get(who, ticket)?;
        self.accepted(ticket, &reply)?;
        Ok(reply.value())
    }

    fn accepted(&self, what: &str, reply: &Answer) -> Result<(), DemoError> {
        if (200..300).contains(&reply.status) {
            Ok(())
        } else {
            let (what, body) = (what.to_owned(), reply.body.clone());
            Err(DemoError::Refused {
                what,
                status: reply.status,
                body,
            })
        }
    }

    fn is(&self, found: &Value, expected: &Value, what: &str) -> Result<(), DemoError> {
        if found == expected {
            return Ok(());
        }
        Err(DemoError::Wrong {
            what: what.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        })
    }

    fn eventually<T>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> Result<Option<T>, DemoError>,
    ) -> Result<T, DemoError> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(found) = attempt()? {
                return Ok(found);
            }
            std::thread::sleep(POLL);
        }
        Err(DemoError::Late(what.to_owned()))
    }

    /// The mails of a ticket so far, the oldest first.
    fn sent(&self, ticket: &str) -> Result<Vec<Value>, ClientError> {
        let number: u64 = ticket
            .rsplit('/')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or_default();
        let tag = format!("[USPEC #{number:06}]");
        let mails = self.client.request("GET", "/_local/mail").try_send()?;
        let mails = mails.value();
        let mails = mails["items"].as_array().into_iter().flatten();
        let is_about = |mail: &&Value| {
            let subject = mail["subject"].as_str();
            subject.is_some_and(|subject| subject.starts_with(&tag))
        };
        Ok(mails.filter(is_about).cloned().collect())
    }

    /// The mails of a ticket, once there are as many as there should be.
    fn mails(&self, ticket: &str, expected: usize) -> Result<Vec<Value>, DemoError> {
        let mails = self.eventually(&format!("{expected} correos de {ticket}"), || {
            let mails = self.sent(ticket)?;
            Ok((mails.len() >= expected).then_some(mails))
        })?;
        self.is(
            &json!(mails.len()),
            &json!(expected),
            &format!("el número de correos de {ticket}"),
        )?;
        Ok(mails)
    }

    /// The path of the survey in the latest mail that has one.
    fn survey(&self, ticket: &str) -> Result<String, DemoError> {
        let mails = self.sent(ticket)?;
        let link = mails.iter().rev().find_map(|mail| {
            let text = mail["text"].as_str()?;
            let at = text.find("/surveys/")?;
            text[at..].split_whitespace().next().map(str::to_owned)
        });
        link.ok_or_else(|| DemoError::NoSurvey(ticket.to_owned()))
    }

    /// Answers a survey, as whoever holds its link.
    fn answer(&self, survey: &str, answer: &Value) -> Result<Answer, ClientError> {
        let request = self.client.request("POST", survey);
        request.json(answer).try_send()
    }

    /// Checks the end of a ticket, and prints its history and its mails.
    fn ends(&self, who: &str, ticket: &str, reason: &str, mails: usize) -> Result<(), DemoError> {
        let shown = self.eventually(&format!("el cierre de {ticket}"), || {
            let shown = self.show(who, ticket)?;
            Ok((shown["status"] == "closed").then_some(shown))
        })?;
        let sent = self.mails(ticket, mails)?;
        let reply = self.get(AUDITOR, &format!("{ticket}/events"))?;
        self.accepted("la historia", &reply)?;
        (self.say)(&history(&shown, &reply.value()));
        for mail in &sent {
            (self.say)(&letter(mail));
        }
        self.is(
            &shown["close_reason"],
            &json!(reason),
            &format!("el motivo de cierre de {ticket}"),
        )
    }
}

/// Where a section of a ticket's format is signed.
fn signature(ticket: &str, code: &str, section: &str) -> String {
    format!("{ticket}/formats/{code}/sections/{section}/signature")
}

/// A header of a mail.
fn header(mail: &Value, name: &str) -> String {
    let headers = mail["headers"].as_array().into_iter().flatten();
    let mut named = headers.filter(|header| header["name"] == name);
    let value = named.next().and_then(|header| header["value"].as_str());
    let value = value.unwrap_or_default();
    value.trim_matches(['<', '>', ' ']).to_owned()
}

fn history(ticket: &Value, events: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = format!(
        "\nSolicitud #{:06}: {} ({})\n",
        ticket["number"].as_u64().unwrap_or_default(),
        text(&ticket["title"]),
        text(&ticket["status_label"])
    );
    for event in events["items"].as_array().into_iter().flatten() {
        let at = text(&event["at"])
            .parse()
            .map_or_else(|_| text(&event["at"]), local);
        let actor = event["actor"]["email"]
            .as_str()
            .unwrap_or("el sistema")
            .to_owned();
        let _ = writeln!(
            out,
            "  {:>2}  {at}  {:<18} {actor} ({})",
            event["seq"],
            text(&event["kind"]),
            text(&event["actor"]["role"])
        );
    }
    out
}

fn letter(mail: &Value) -> String {
    let to: Vec<_> = mail["to"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut out = format!(
        "\n  ┌ Para: {}\n  │ Asunto: {}\n  │\n",
        to.join(", "),
        mail["subject"].as_str().unwrap_or_default()
    );
    for line in mail["text"].as_str().unwrap_or_default().trim_end().lines() {
        let _ = writeln!(out, "  │ {line}");
    }
    out.push_str("  └\n");
    out
}

fn local(time: Timestamp) -> String {
    let zone = TimeZone::get("America/Bogota").unwrap_or(TimeZone::UTC);
    time.to_zoned(zone)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}
