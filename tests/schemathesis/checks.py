"""What Schemathesis does not ask by itself: a request that is right by its schema
is refused with 422 only for what no schema can say."""

import schemathesis

# What a category asks for, and what goes with something else.
REQUIRED_LATER = (
    "web_request",
    "incident",
    "requester",
    "version",
    "legal_terms.petition_office.name",
)

# What the catalogue, the ticket or an earlier answer decides.
KNOWN_LATER = {
    "unknown_agent",
    "unknown_category",
    "unknown_officer",
    "unknown_provider",
    "unknown_value",
    # By the category.
    "needs_web_request",
    "not_allowed",
    "invalid_cursor",
    # A file that was announced, or is called what no file is.
    "no_file_name",
    "not_uploaded",
    "program",
    "unknown_upload",
    # By whose domains are the entity's.
    "not_of_entity",
    # A catalogue as a whole, against itself and against what it governs.
    "duplicate",
    "in_use",
    "last_agent",
    "last_category",
    "last_coordinator",
    "last_officer",
    "not_a_mailbox",
    "retired",
    "restricted_without_group",
    # A text changes with its version.
    "same_version",
    # A row of the table has its size.
    "too_large",
    # The address of a page.
    "invalid_url",
    "missing_placeholder",
    # A spreadsheet: its schema says that it is text.
    "duplicate_column",
    "empty_sheet",
    "missing_column",
    "more_errors",
    "not_csv",
    "too_many_cells",
    "unclosed_cell",
    "unknown_column",
    # A day of the year, or by Easter, and its years.
    "invalid_holiday",
    "unknown_placeholder",
    "unknown_reference",
}


@schemathesis.serializer("text/csv")
def as_csv(ctx, value):
    """A spreadsheet is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.check
def refused_for_what_no_schema_says(ctx, response, case):
    if response.status_code != 422 or case.meta is None or case.meta.generation.mode.is_negative:
        return
    # Whoever sends a form gets a page, which names no codes.
    if "json" not in response.headers["content-type"][0]:
        return
    problem = response.json()
    # Random keys are short: the same one comes again.
    if problem["code"] == "idempotency_mismatch":
        return
    for error in problem["errors"]:
        # 5.0 is a whole number to JSON Schema, and none to what reads a catalogue.
        if error["code"] == "wrong_type" and "entero" in error["detail"] and case.path == "/catalog":
            continue
        # Only the category asks for it; only a call does; only what is no preview does; only an
        # office that is named.
        if error["code"] == "required" and error["field"] in REQUIRED_LATER:
            continue
        # Characters have a schema, bytes have none.
        if error["code"] == "too_long" and "bytes" in error["detail"]:
            continue
        assert error["code"] in KNOWN_LATER, f"{error['field']}: {error['code']}: {error['detail']}"
