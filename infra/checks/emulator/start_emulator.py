"""Starts ministack with what API Gateway and CloudFormation do and it does not. Each addition ends the start when it no longer fits."""

import json
import uuid
from contextvars import ContextVar

from ministack.app import main
from ministack.services import apigateway_v1 as gateway
from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners

from lifetime import end_with_the_check

prefix = "context.authorizer."
authorizer_context = ContextVar("authorizer_context", default={})

invoke_authorizer = gateway._invoke_authorizer_lambda
gateway_response = gateway._gateway_error_response
request_value = gateway._gateway_request_value
update_resource = provisioners._update_resource


async def invoke_authorizer_with_request_id(authorizer, event, account, region):
    event["requestContext"].setdefault("requestId", str(uuid.uuid4()))
    result = await invoke_authorizer(authorizer, event, account, region)
    body = (result or {}).get("body")
    answer = json.loads(body) if isinstance(body, (str, bytes)) else body
    context = answer.get("context") if isinstance(answer, dict) else None
    authorizer_context.set(context or {})
    return result


def gateway_response_with_context(error, request):
    status, headers, body = gateway_response(error, request)
    for name, value in authorizer_context.get().items():
        body = body.replace(f"${prefix}{name}".encode(), str(value).encode())
    return status, headers, body


def request_value_with_context(source, request):
    if source.startswith(prefix):
        return authorizer_context.get().get(source[len(prefix) :])
    return request_value(source, request)


def update_resource_with_attributes(kind, physical_id, old, new, stack, logical_id=None, attributes=None):
    if attributes is None:
        known = cloudformation._stacks[stack]["_resources"]
        attributes = known.get(logical_id, {}).get("Attributes")
    return update_resource(kind, physical_id, old, new, stack, logical_id, attributes)


gateway._invoke_authorizer_lambda = invoke_authorizer_with_request_id
gateway._gateway_error_response = gateway_response_with_context
gateway._gateway_request_value = request_value_with_context
provisioners._update_resource = update_resource_with_attributes
end_with_the_check()
main()
