// A partner's day with the client that oapi-codegen generates from the contract.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/oapi-codegen/runtime"
	"github.com/oapi-codegen/runtime/types"
	"portico.example/check/portico"
)

// expect ends the program with the name of the first promise that is not kept.
func expect(isKept bool, promise string) {
	if !isKept {
		fmt.Fprintln(os.Stderr, "Go client: "+promise)
		os.Exit(1)
	}
}

func accessToken(ctx context.Context, url string) string {
	anyone, err := portico.NewClientWithResponses(url)
	expect(err == nil, "the client takes the address")
	id, secret := os.Getenv("PORTICO_CLIENT_ID"), os.Getenv("PORTICO_CLIENT_SECRET")
	grant := portico.ClientCredentialsGrant{GrantType: portico.ClientCredentials, ClientId: &id, ClientSecret: &secret}
	// The generator writes an empty form for a body of several alternatives, so the form is made from the one that is meant.
	form, err := runtime.MarshalForm(grant, nil)
	expect(err == nil, "the request for a token is built")
	answer, err := anyone.OauthTokenWithBodyWithResponse(
		ctx, nil, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()),
	)
	expect(err == nil && answer.JSON200 != nil, "client credentials are exchanged for a token")
	return answer.JSON200.AccessToken
}

func main() {
	ctx, url := context.Background(), os.Getenv("PORTICO_URL")
	token := accessToken(ctx, url)
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	partner, err := portico.NewClientWithResponses(url, portico.WithRequestEditorFn(authorize))
	expect(err == nil, "the client takes a token")

	const customer = "go-customer"
	key := "sell-" + customer
	sale := portico.SubscriptionsCreateRequest{
		ExternalUserId: customer, UserEmail: "reader@go.example", Duration: types.Duration{Months: 1},
	}
	params := &portico.SubscriptionsCreateParams{IdempotencyKey: &key}
	sold, err := partner.SubscriptionsCreateWithResponse(ctx, params, sale)
	expect(err == nil && sold.JSON201 != nil, "a subscription is sold")
	again, err := partner.SubscriptionsCreateWithResponse(ctx, params, sale)
	expect(err == nil && again.JSON201 != nil && again.JSON201.Id == sold.JSON201.Id, "a repeated sale is replayed")

	extended, err := partner.SubscriptionsExtendWithResponse(ctx, customer, nil, portico.SubscriptionsExtendRequest{Duration: types.Duration{Years: 1}})
	expect(err == nil && extended.JSON200 != nil, "it is extended")
	expect(extended.JSON200.ExpiresAt.After(sold.JSON201.ExpiresAt), "an extension ends later")
	page, err := partner.SubscriptionsListWithResponse(ctx, nil)
	expect(err == nil && page.JSON200 != nil && len(page.JSON200.Items) == 1, "it is listed")
	missing, err := partner.SubscriptionsReadWithResponse(ctx, "nobody", nil)
	expect(err == nil && missing.ApplicationproblemJSON404 != nil, "an unknown subscription is a typed problem")
	expect(missing.ApplicationproblemJSON404.Code == "not_found", "the problem has its code")
	fmt.Println("Go client: every call was answered as the contract says")
}
