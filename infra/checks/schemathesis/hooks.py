"""What the schemas of the contract cannot tell Schemathesis."""

import json
import re
import uuid

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# Problem codes of requests that fit their schema and are refused all the same, each with the rule that no schema can state.
REFUSALS = {
    "bank_unknown": "the directory of banks is data",
    "cursor_invalid": "a cursor is sealed, so an invented one is refused",
    "password_too_common": "the list of the commonest passwords is data",
    "participants_unknown": "a thread is between people who exist",
    "period_invalid": "a period is compared with the clock",
    "precondition_failed": "If-Match names a state that has been read",
}

# Fields with a rule that no schema can state, where the problem is `validation_failed`.
REFUSED_FIELDS = {
    r"": "OpenAPI relates no query parameters to each other: some filters of a list exclude others",
    r"/(from|to)": "the days of a range are compared with each other, and with the clock",
    r"/gracePeriod": "at most seven days, in any mixture of units",
    r"/limits/burst": "the burst is compared with the rate",
    r"/by": "the whole period is compared with the two years that a test clock moves at most",
    r"/participants(/\d+)?": "no name twice in whatever letter case, and at most 100 with the caller, named or not",
    r"/sort": "a search has its own order",
    r"/secret": "no repetitions and runs of characters",
    r"/websiteUrl": "the WHATWG URL algorithm decides, which no pattern states",
}

# The tool authenticates with HTTP Basic and generates a client id for the body as well (RFC 6749 section 2.3 forbids that).
TWO_CLIENTS = "A client authenticates in one way only"

# Patterns of the contract name the invisible characters of Unicode's first plane; the server refuses those of all planes.
INVISIBLE = "must not have invisible characters or direction marks"


def has_higher_planes(case):
    return any(ord(character) > 0xFFFF for character in json.dumps(case.body, ensure_ascii=False, default=str))


def is_refused_field(error, case):
    if error["detail"] == INVISIBLE and has_higher_planes(case):
        return True
    return any(re.fullmatch(field, error["pointer"]) for field in REFUSED_FIELDS)


def is_refusal(response, case):
    try:
        problem = json.loads(response.content)
    except ValueError:
        return False
    if not isinstance(problem, dict):
        return False
    if problem.get("code") in REFUSALS or problem.get("error_description") == TWO_CLIENTS:
        return True
    errors = problem.get("errors", [])
    return bool(errors) and all(is_refused_field(error, case) for error in errors)


@schemathesis.check
def valid_data_acceptance(ctx, response, case):
    """The tool's check of this name, but for the refusals above."""
    return None if is_refusal(response, case) else positive_data_acceptance(ctx, response, case)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each valid call an idempotency key of its own: with the example's key, all but the first are refused."""
    if case.headers and case.meta and case.meta.generation.mode.is_positive:
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = str(uuid.uuid4())
