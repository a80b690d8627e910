from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "taskhub.api"
