urlpatterns: list[object] = []  # Django-Bolt finds its own
