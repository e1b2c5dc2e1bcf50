/** What the list of users and the page of a user share: paths. */
export const usersPath = "/v1/users";

export const usersHash = "#/users";
