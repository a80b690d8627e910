"use strict";

// Kept until the tab is closed; Swagger UI itself would keep it in localStorage, for ever
const KEPT = "authorized";

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
      ui.authActions.restoreAuthorization(JSON.parse(kept));
    }
  },
  ...{{ settings|safe }},
});

window.addEventListener("pagehide", () => {
  const authorized = ui.getState().getIn(["auth", "authorized"]);
  sessionStorage.setItem(KEPT, JSON.stringify(authorized ?? {}));
});
