"""All URLs on one screen. The trailing slash is optional and never redirected, except to the admin."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from accounts import views as accounts
from jobs.views import JobViewSet
from taskhub.api import health, pages
from taskhub.api.explanations import Explanations
from taskhub.api.root import Root
from taskhub.api.views import UUID
from tasks.views import (
    CommentViewSet,
    DependencyViewSet,
    FilterViewSet,
    LabelViewSet,
    ListViewSet,
    TaskViewSet,
)
from tickets import views as tickets

handler400 = "taskhub.api.errors.bad_request"
handler403 = "taskhub.api.errors.permission_denied"
handler404 = "taskhub.api.errors.not_found"
handler500 = "taskhub.api.errors.server_error"

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("tasks", TaskViewSet, basename="task")
router.register("lists", ListViewSet, basename="list")
router.register("labels", LabelViewSet, basename="label")
router.register("filters", FilterViewSet, basename="filter")
router.register(f"tasks/(?P<task_id>{UUID})/comments", CommentViewSet, basename="comment")
router.register(f"tasks/(?P<task_id>{UUID})/dependencies", DependencyViewSet, basename="dependency")
router.register("plans", tickets.PlanViewSet, basename="plan")
router.register(f"plans/(?P<plan_id>{UUID})/files", tickets.FileViewSet, basename="plan-file")
router.register(f"plans/(?P<plan_id>{UUID})/findings", tickets.FindingViewSet, basename="plan-finding")
router.register(f"plans/(?P<plan_id>{UUID})/dependencies", tickets.TicketDependencyViewSet, basename="plan-dependency")
router.register("jobs", JobViewSet, basename="job")
router.register("auth/sessions", accounts.SessionViewSet, basename="session")
router.register("auth/tokens", accounts.TokenViewSet, basename="token")
router.register("auth/me/events", accounts.SecurityEventViewSet, basename="security-event")

TICKETS = tickets.TicketViewSet
urlpatterns = [  # the most frequent first: Django tries them in order
    re_path(r"^health/?$", health.Health.as_view(), name="health"),
    re_path(r"^health/db/?$", health.DatabaseHealth.as_view(), name="health-db"),
    re_path(r"^livez/?$", health.Liveness.as_view(), name="livez"),
    re_path(r"^readyz/?$", health.Readiness.as_view(), name="readyz"),
    path("", include(router.urls)),
    re_path(f"^plans/(?P<plan_id>{UUID})/tickets/?$", TICKETS.as_view({"get": "list", "patch": "change_many"})),
    re_path(
        f"^plans/(?P<plan_id>{UUID})/tickets/(?P<pk>{UUID})/?$",
        TICKETS.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="plan-ticket-detail",
    ),
    re_path(f"^plans/(?P<plan_id>{UUID})/groups/(?P<group>[A-Za-z ]+)/order/?$", tickets.GroupOrder.as_view()),
    path("", Root.as_view(), name="root"),
    re_path(r"^csv-types/?$", tickets.CsvTypes.as_view(), name="csv-types"),
    re_path(r"^openapi\.json/?$", pages.Document.as_view(), name="openapi"),
    re_path(r"^docs/?$", pages.SwaggerUI.as_view(), name="docs"),
    re_path(r"^redoc/?$", pages.ReDoc.as_view(), name="redoc"),
    re_path(r"^problems/?$", Explanations.as_view(), name="problems"),
    re_path(r"^problems/(?P<code>[a-z_]+)/?$", Explanations.as_view(), name="problem"),
    re_path(r"^auth/register/?$", accounts.Register.as_view(), name="register"),
    re_path(r"^auth/login/?$", accounts.Login.as_view(), name="login"),
    re_path(r"^auth/refresh/?$", accounts.Refresh.as_view(), name="refresh"),
    re_path(r"^auth/logout/?$", accounts.Logout.as_view(), name="logout"),
    re_path(r"^auth/logout-all/?$", accounts.LogoutAll.as_view(), name="logout-all"),
    re_path(r"^auth/password/?$", accounts.Password.as_view(), name="password"),
    re_path(r"^auth/password/reset/?$", accounts.ResetPassword.as_view(), name="reset-password"),
    re_path(r"^auth/password/reset/confirm/?$", accounts.ConfirmReset.as_view(), name="confirm-reset"),
    re_path(r"^auth/email/verify/?$", accounts.Verify.as_view(), name="verify"),
    re_path(r"^auth/email/verify/resend/?$", accounts.SendVerification.as_view(), name="send-verification"),
    re_path(r"^auth/login/second-factor/?$", accounts.SecondStep.as_view(), name="second-step"),
    re_path(r"^auth/second-factor/?$", accounts.SecondFactorView.as_view(), name="second-factor"),
    re_path(r"^auth/second-factor/confirm/?$", accounts.ConfirmSecondFactor.as_view(), name="confirm-second-factor"),
    re_path(r"^auth/me/export/?$", accounts.Export.as_view(), name="export"),
    re_path(r"^auth/me/?$", accounts.Me.as_view(), name="me"),
    re_path(r"^verify-email/?$", accounts.VerifyPage.as_view(), name="verify-page"),
    re_path(r"^reset-password/?$", accounts.ResetPage.as_view(), name="reset-page"),
    path("favicon.ico", RedirectView.as_view(url=pages.ICON)),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]
