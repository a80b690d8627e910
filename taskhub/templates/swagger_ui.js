"use strict";

// The access token is kept until the tab is closed. Swagger UI itself would keep everything in localStorage, for ever
const KEPT = "authorized";
const NOT_KEPT = ["password", "clientSecret", "refresh_token"];

// Swagger UI shows the members `error` and `error_description` of a refused sign-in, and no other word of it
const explainSignIn = (response) => {
  if (response.status === 401 && response.url.endsWith("/auth/login")) {
    const problem = JSON.parse(response.data);
    response.data = JSON.stringify({ ...problem, error: problem.detail });
  }
  return response;
};

const ui = SwaggerUIBundle({
  url: "{{ schema_url|escapejs }}",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  responseInterceptor: explainSignIn,
  onComplete: () => {
    const kept = sessionStorage.getItem(KEPT);
    if (kept) {
      ui.authActions.restoreAuthorization({ authorized: JSON.parse(kept) });
    }
  },
  ...{{ settings|safe }},
});

window.addEventListener("pagehide", () => {
  const authorized = ui.getState().getIn(["auth", "authorized"]) ?? {};
  const kept = JSON.stringify(authorized, (key, value) => (NOT_KEPT.includes(key) ? undefined : value));
  sessionStorage.setItem(KEPT, kept);
});
