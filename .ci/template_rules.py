"""Checks what template.yaml comes to once SAM has expanded it.

The linters know what CloudFormation accepts; these rules are this project's own:

- every route has the JWT authorizer, but for the few that are public;
- a function's role has no managed policy but the one for its logs and, if it
  consumes a queue, the one for that;
- no function's clock runs ahead, and no sweep may be woken ahead of it: only the local
  host does that;
- whatever holds a secret has its variables encrypted with the stack's own key;
- each public route that runs a function has limits of its own;
- the function that sends mail has the time that a batch takes while SES is slow, and no
  function outlives what it claims;
- a queue's messages outlast its consumer, are tried often enough, and are kept
  longer by the dead-letter queue than by the queue itself, which has an alarm;
- a function that a schedule wakes is not woken again by Lambda, late;
- every alarm tells the topic when it begins and ends, names itself, and has its section
  in docs/runbook.md; the dashboard is JSON, and shows every metric that an alarm watches;
- every function and every queue has the alarms that it needs.

Usage: template_rules.py TEMPLATE, with a Python that has aws-sam-translator.
"""

import json
import os
import re
import sys
from pathlib import Path

# The translator asks the SDK for a region, to know the partition.
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

PUBLIC_ROUTES = {
    "GET /openapi.json",
    "GET /privacidad",
    "GET /surveys/{token}",
    "POST /surveys/{token}",
    "GET /entrar",
    "POST /entrar",
    "GET /entrar/vuelta",
    "POST /salir",
    "$default",
}
# What pages begin with: a browser's navigation carries no token, so the functions
# ask for the session. The table of pages in shared/types says which there are.
PAGES = [
    [first]
    for first in ("", "archivos", "solicitudes", "cola", "llamada", "correo", "hoy", "catalogo", "formatos", "matriz", "teclas", "recursos", "s")
]

# Variables that nobody is to read who may read a function's configuration.
SECRETS = {"TOKEN_SECRET", "OIDC_CLIENT_SECRET"}
# Public routes that need a link and no session.
LINKS = "/s/"

# How SAM writes a route without path and method.
DEFAULT_PATH = "/$default"

LOGS_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
QUEUE_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"

# What would let requests in past the routes that are checked here.
OTHER_DOORS = {
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::Lambda::Url",
}

# What CloudFormation and Lambda take where the template says nothing.
DEFAULT_TIMEOUT = 3
DEFAULT_VISIBILITY_TIMEOUT = 30
DEFAULT_RETENTION = 345_600

# Mails that the function which sends them works on at once.
MAILS_AT_ONCE = 2
# Seconds that its mail takes besides SES's answer.
BESIDES = 4

VISIBILITY_PER_TIMEOUT = 6
MIN_RECEIVE_COUNT = 5


class NoManagedPolicies:
    """The translator asks for AWS's list of policies only for one given by name."""

    def load(self):
        return {}


def expand(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam build` and `sam deploy` put the built code's address here.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    # A parameter without a default has to be given; no rule looks at its value.
    values = {
        name: "any" for name, parameter in template.get("Parameters", {}).items() if "Default" not in parameter
    }
    return transform(template, values, NoManagedPolicies())["Resources"]


def of_type(resources, kind):
    return {
        name: resource.get("Properties", {}) for name, resource in resources.items() if resource["Type"] == kind
    }


def referred(value):
    """The resource that a Ref or a GetAtt of its Arn leads to."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]}:
            return name
        case {"Fn::GetAtt": str(path)}:
            return path.removesuffix(".Arn")
    return None


def is_public(route):
    """Whether API Gateway lets everybody through."""
    _, _, path = route.partition(" ")
    return route in PUBLIC_ROUTES or path.split("/")[1:2] in PAGES


def check_routes(resources):
    for name, resource in resources.items():
        if resource["Type"] in OTHER_DOORS:
            yield f"{name} ({resource['Type']}) takes requests that no rule here checks"
    routes = set()
    for api, properties in of_type(resources, "AWS::ApiGatewayV2::Api").items():
        body = properties.get("Body", {})
        schemes = body.get("components", {}).get("securitySchemes", {})
        jwt = {
            name
            for name, scheme in schemes.items()
            if scheme.get("x-amazon-apigateway-authorizer", {}).get("type") == "jwt"
        }
        for path, methods in body.get("paths", {}).items():
            for method, operation in methods.items():
                verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                route = "$default" if path == DEFAULT_PATH else f"{verb} {path}"
                routes.add(route)
                # One of these is enough to be let in.
                ways = [set(way) for way in operation.get("security", [])]
                authorized = bool(ways) and all(way & jwt for way in ways)
                if is_public(route) and any(way & jwt for way in ways):
                    yield f"{api}: {route} is public and must have no authorizer"
                if not is_public(route) and not authorized:
                    yield f"{api}: {route} has no JWT authorizer"
    limited = {route for stage in of_type(resources, "AWS::ApiGatewayV2::Stage").values() for route in stage.get("RouteSettings", {})}
    for route in sorted(routes):
        if (route in PUBLIC_ROUTES or LINKS in route) and route not in limited:
            yield f"{route} is public and has no limits of its own"
    for route in sorted(limited - routes):
        yield f"{route} has limits, but there is no such route"
    for route in sorted(PUBLIC_ROUTES - routes):
        yield f"{route} is listed as public, but there is no such route"
    if not routes - PUBLIC_ROUTES:
        yield "there is no route with an authorizer; are these rules reading the template right?"


def check_policies(resources):
    roles = of_type(resources, "AWS::IAM::Role")
    consumers = {
        referred(properties["FunctionName"])
        for properties in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    }
    for function, properties in of_type(resources, "AWS::Lambda::Function").items():
        role = referred(properties["Role"])
        if role not in roles:
            yield f"{function}: its role is not in the template, so its policies are not known"
            continue
        allowed = [LOGS_POLICY, QUEUE_POLICY] if function in consumers else [LOGS_POLICY]
        for policy in roles[role].get("ManagedPolicyArns", []):
            if policy not in allowed:
                yield f"{function}: managed policy {policy} is attached; write what it needs under Policies"
    for kind in ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"]:
        for name in of_type(resources, kind):
            yield f"{name} ({kind}) attaches itself to roles; write policies under their function"


def check_variables(resources):
    """What moves a function's clock is the local host's alone."""
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        variables = function.get("Environment", {}).get("Variables", {})
        for variable in variables:
            if variable.startswith("DESK_"):
                yield f"{name}: {variable} is for the local host alone"
        secrets = SECRETS & variables.keys()
        if secrets and referred(function.get("KmsKeyArn")) is None:
            yield f"{name}: {', '.join(sorted(secrets))} can be read by whoever reads its configuration"


def alarmed(resources):
    """The queues whose depth an alarm watches."""
    for properties in of_type(resources, "AWS::CloudWatch::Alarm").values():
        if properties.get("MetricName") == "ApproximateNumberOfMessagesVisible":
            for dimension in properties.get("Dimensions", []):
                match dimension["Value"]:
                    case {"Fn::GetAtt": [name, "QueueName"]}:
                        yield name
                    case {"Fn::GetAtt": str(path)}:
                        yield path.removesuffix(".QueueName")


def check_queues(resources):
    queues = of_type(resources, "AWS::SQS::Queue")
    functions = of_type(resources, "AWS::Lambda::Function")
    consumers = {}
    for name, properties in of_type(resources, "AWS::Lambda::EventSourceMapping").items():
        queue = referred(properties.get("EventSourceArn"))
        if queue in queues:
            consumers.setdefault(queue, []).append(referred(properties["FunctionName"]))
        else:
            yield f"{name}: it reads something that is not a queue of this template"
    redrive = {name: properties.get("RedrivePolicy", {}) for name, properties in queues.items()}
    dead_letters = {referred(policy.get("deadLetterTargetArn")) for policy in redrive.values()}

    for queue, properties in queues.items():
        if queue in dead_letters:
            continue
        visibility = properties.get("VisibilityTimeout", DEFAULT_VISIBILITY_TIMEOUT)
        retention = properties.get("MessageRetentionPeriod", DEFAULT_RETENTION)
        if queue not in consumers:
            yield f"{queue}: no function reads it"
        for function in consumers.get(queue, []):
            least = VISIBILITY_PER_TIMEOUT * functions[function].get("Timeout", DEFAULT_TIMEOUT)
            if visibility < least:
                yield f"{queue}: VisibilityTimeout is {visibility}; {function} needs at least {least}"
        target = referred(redrive[queue].get("deadLetterTargetArn"))
        if target not in queues:
            yield f"{queue}: it has no dead-letter queue in this template"
            continue
        received = redrive[queue].get("maxReceiveCount", 0)
        if received < MIN_RECEIVE_COUNT:
            yield f"{queue}: maxReceiveCount is {received}, less than {MIN_RECEIVE_COUNT}"
        # Its consumer puts on record why it gives a message up, at the last try.
        for function in consumers.get(queue, []):
            variables = functions[function].get("Environment", {}).get("Variables", {})
            if str(variables.get("MAX_RECEIVES")) != str(received):
                yield f"{queue}: maxReceiveCount is {received}; {function} thinks {variables.get('MAX_RECEIVES')}"
        if target not in alarmed(resources):
            yield f"{target}: no alarm tells of what is in it"
        # A message's age goes on counting in the dead-letter queue.
        kept = queues[target].get("MessageRetentionPeriod", DEFAULT_RETENTION)
        if kept <= retention:
            yield f"{target}: it keeps messages for {kept} s, not longer than {queue} does ({retention} s)"


def watched(properties):
    """The metrics of an alarm, each with what it is of."""
    metrics = [query["MetricStat"]["Metric"] for query in properties.get("Metrics", []) if "MetricStat" in query]
    for metric in metrics or [properties]:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])}
        yield metric["Namespace"], metric["MetricName"], dimensions


def check_alarms(resources):
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    runbook = Path("docs/runbook.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\w+Alarm)$", runbook, re.MULTILINE)
    for name in sorted({name for name in sections if sections.count(name) > 1} | set(sections) - set(alarms)):
        yield f"docs/runbook.md: {name} has two sections, or is no alarm"
    topics = of_type(resources, "AWS::SNS::Topic")
    for name, properties in alarms.items():
        if name not in sections:
            yield f"{name}: docs/runbook.md has no section on it"
        if f"{name} in docs/runbook.md" not in properties.get("AlarmDescription", ""):
            yield f"{name}: its description does not lead to its section of docs/runbook.md"
        for actions in ("AlarmActions", "OKActions"):
            told = [referred(action) for action in properties.get(actions, [])]
            if not told or any(topic not in topics for topic in told):
                yield f"{name}: {actions} tell no topic of this template"
    of = {(metric, referred_name(value)) for alarm in alarms.values() for _, metric, dimensions in watched(alarm) for value in dimensions.values()}
    for function in of_type(resources, "AWS::Lambda::Function"):
        if ("Errors", function) not in of:
            yield f"{function}: no alarm tells that it errs"
    for queue in of_type(resources, "AWS::SQS::Queue"):
        if queue.endswith("Queue") and ("ApproximateAgeOfOldestMessage", queue) not in of:
            yield f"{queue}: no alarm tells how long a message has waited in it"
    shown = ""
    for name, properties in of_type(resources, "AWS::CloudWatch::Dashboard").items():
        shown = properties["DashboardBody"]["Fn::Sub"]
        try:
            json.loads(shown)
        except ValueError as error:
            yield f"{name}: its body is no JSON: {error}"
    for name, properties in alarms.items():
        for _, metric, _ in watched(properties):
            if f'"{metric}"' not in shown:
                yield f"{name}: no dashboard shows {metric}"


def referred_name(value):
    """The resource whose name a dimension has."""
    match value:
        case {"Fn::GetAtt": [name, *_]} | {"Ref": name}:
            return name
        case {"Fn::GetAtt": str(path)}:
            return path.split(".")[0]
    return value


def check_schedules(resources):
    """What Lambda does with an invocation that failed is not what RetryPolicy says."""
    functions = of_type(resources, "AWS::Lambda::Function")
    configured = {
        referred(properties["FunctionName"]): properties
        for properties in of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    }
    for rule in of_type(resources, "AWS::Events::Rule").values():
        for target in rule.get("Targets", []):
            function = referred(target["Arn"])
            if function not in functions:
                continue
            properties = configured.get(function, {})
            if properties.get("MaximumRetryAttempts") != 0 or properties.get("MaximumEventAgeInSeconds") != 60:
                yield f"{function}: Lambda tries again what a schedule woke it for, up to hours later (EventInvokeConfig)"


def seconds(path, name):
    """A constant of the code, in seconds."""
    text = (Path(__file__).parent.parent / path).read_text(encoding="utf-8")
    found = re.search(rf"const {name}: \w+ = \w+::from_secs\((\d+)\);", text)
    if found is None:
        raise SystemExit(f"{path} has no {name} of so many seconds")
    return int(found[1])


def check_times(resources):
    functions = of_type(resources, "AWS::Lambda::Function")
    answer = seconds("shared/cloud/src/mailer.rs", "ANSWER")
    for name, properties in of_type(resources, "AWS::Lambda::EventSourceMapping").items():
        queue, function = (referred(properties.get(key)) for key in ("EventSourceArn", "FunctionName"))
        if queue in ("NotificationQueue", "ReminderQueue"):
            rounds = -(-properties.get("BatchSize", 10) // MAILS_AT_ONCE)
            least = rounds * answer + BESIDES + 1
            timeout = functions[function].get("Timeout", DEFAULT_TIMEOUT)
            if timeout < least:
                yield f"{name}: {function} has {timeout} s; a batch takes {least} while SES is slow"
    lease = seconds("shared/cloud/src/store/idempotency.rs", "LEASE")
    timeout = functions["IntakeFunction"].get("Timeout", DEFAULT_TIMEOUT)
    if timeout >= lease:
        yield f"IntakeFunction: its claim of a key ends after {lease} s, and it may run for {timeout}"


def main():
    _, path = sys.argv
    resources = expand(path)
    faults = [
        fault
        for check in (check_routes, check_policies, check_variables, check_times, check_queues, check_alarms, check_schedules)
        for fault in check(resources)
    ]
    for fault in faults:
        print(f"{path}: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
