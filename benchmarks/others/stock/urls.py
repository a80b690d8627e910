from django.urls import include, path
from rest_framework.routers import DefaultRouter
from rest_framework_simplejwt.views import TokenObtainPairView

from benchmarks.others.stock.views import TaskViewSet, health

router = DefaultRouter()
router.register("tasks", TaskViewSet, basename="task")

urlpatterns = [
    path("auth/login", TokenObtainPairView.as_view()),
    path("health", health),
    path("", include(router.urls)),
]
