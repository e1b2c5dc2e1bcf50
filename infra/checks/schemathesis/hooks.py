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

# Fields with a rule that no schema can state: their pointer and what the server says of them, where the problem is
# `validation_failed`. Anything else that the server says of them fails the check.
REFUSED_FIELDS = [
    # OpenAPI relates no query parameters to each other: some filters of a list exclude others.
    (r"", r".*"),
    (r"/sort", r"must not be sent together with search"),
    # The days of a range are compared with each other, and with the clock.
    (r"/from", r"must not be after `to`.*|must be so that the range has at most .* days"),
    # A schema has one pattern, and that of a day is taken: it does not say that the year is 2000 or later.
    (r"/to", r"must not be before 2000-01-01"),
    # A test clock moves from what it shows to two years later.
    (r"/(to|by)", r"must not be before the time of the test clock.*|must (not )?move the test clock .*"),
    # The sum of a mixture of units is from PT0S or PT1S to P7D.
    (r"/(by|gracePeriod)", r"must be an ISO 8601 duration from PT[01]S to P7D.*"),
    # A burst is compared with the rate beside it.
    (r"/limits/burst", r"must be what the rate gives in .* seconds"),
    # A name may not come twice in different letter case, and the caller counts whether named or not.
    (r"/participants(/\d+)?", r"is a duplicate; .*|must be at most 100, you included|must name at least one other user"),
    (r"/secret", r"must not consist of repetitions and runs.*"),
    # The WHATWG URL algorithm decides about the host, and the pattern cannot tell an @ of credentials from one of the path.
    (r"/websiteUrl", r"must be a URL that begins with https://"),
]

# The tool authenticates with HTTP Basic and generates a client id for the body as well (RFC 6749 section 2.3 forbids that).
TWO_CLIENTS = "A client authenticates in one way only"

# Patterns of the contract name the invisible characters of Unicode's first plane. The server refuses those of all planes, some of
# them by the characters around them, as in flags and Chinese names: a pattern cannot say that without lookaround, which not every
# language has.
INVISIBLE = "must not have invisible characters or direction marks"


def has_higher_planes(case):
    return any(ord(character) > 0xFFFF for character in json.dumps(case.body, ensure_ascii=False, default=str))


def is_refused_field(error, case):
    if error["detail"] == INVISIBLE and has_higher_planes(case):
        return True
    return any(
        re.fullmatch(pointer, error["pointer"]) and re.fullmatch(detail, error["detail"])
        for pointer, detail in REFUSED_FIELDS
    )


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
