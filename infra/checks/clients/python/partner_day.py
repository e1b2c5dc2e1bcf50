"""A partner's day with the client that openapi-python-client generates from the contract."""

import os
import sys

from portico import AuthenticatedClient, Client
from portico.api.o_auth import oauth_token
from portico.api.subscriptions import (
    subscriptions_create,
    subscriptions_extend,
    subscriptions_list,
    subscriptions_read,
)
from portico.models.client_credentials_grant import ClientCredentialsGrant
from portico.models.problem import Problem
from portico.models.subscription import Subscription
from portico.models.subscriptions_create_request import SubscriptionsCreateRequest
from portico.models.subscriptions_extend_request import SubscriptionsExtendRequest


def expect(is_kept, promise):
    """Ends the program with the name of the first promise that is not kept."""
    if not is_kept:
        sys.exit(f"Python client: {promise}")


url = os.environ["PORTICO_URL"]
grant = ClientCredentialsGrant(
    grant_type="client_credentials",
    client_id=os.environ["PORTICO_CLIENT_ID"],
    client_secret=os.environ["PORTICO_CLIENT_SECRET"],
)
answer = oauth_token.sync(client=Client(url), body=grant)
expect(hasattr(answer, "access_token"), "client credentials are exchanged for a token")
partner = AuthenticatedClient(url, token=answer.access_token)

customer = "python-customer"
sale = SubscriptionsCreateRequest(external_user_id=customer, user_email="reader@python.example", duration="P1M")
sold = subscriptions_create.sync(client=partner, body=sale, idempotency_key=f"sell-{customer}")
expect(isinstance(sold, Subscription), "a subscription is sold")
again = subscriptions_create.sync(client=partner, body=sale, idempotency_key=f"sell-{customer}")
expect(isinstance(again, Subscription) and again.id == sold.id, "a repeated sale is replayed")

extended = subscriptions_extend.sync(customer, client=partner, body=SubscriptionsExtendRequest(duration="P1Y"))
expect(isinstance(extended, Subscription) and extended.expires_at > sold.expires_at, "an extension ends later")
page = subscriptions_list.sync(client=partner)
expect([item.id for item in page.items] == [sold.id], "it is listed")
missing = subscriptions_read.sync("nobody", client=partner)
expect(isinstance(missing, Problem) and missing.code == "not_found", "an unknown subscription is a typed problem")
print("Python client: every call was answered as the contract says")
