"""Every setting, read once from the environment and validated, top to bottom in Django's own order.

`.env.example` explains each variable. A bad or missing value stops the process with a sentence (taskhub.environment).
"""

import sys
from datetime import timedelta
from pathlib import Path

from kombu import Queue

import taskhub
from taskhub import environment

BASE_DIR = Path(__file__).resolve().parent.parent
TASKHUB_ENV = environment.choice("TASKHUB_ENV", "production", ("production", "staging", "development", "test"))
TASKHUB_HOME = Path(environment.text("TASKHUB_HOME", str(BASE_DIR / ".taskhub"))).absolute()
PRODUCTION = TASKHUB_ENV in ("production", "staging")  # which have the same rules

# Secrets: production sets its own, other environments keep theirs in TASKHUB_HOME/secrets. Workers and schedulers get
# none: they sign nothing, so an intruder there cannot sign anything either
TASKHUB_ROLE = environment.choice("TASKHUB_ROLE", "api", ("api", "worker"))
if TASKHUB_ROLE == "worker":
    _kept = environment.throwaway_secrets()
else:
    _kept = {} if PRODUCTION else environment.kept_secrets(TASKHUB_HOME)
SECRET_KEY = environment.text("SECRET_KEY", _kept.get("SECRET_KEY"))
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")
JWT_SIGNING_KEYS = environment.signing_keys("JWT_SIGNING_KEYS", _kept.get("JWT_SIGNING_KEYS"))
environment.refuse_weak("SECRET_KEY", SECRET_KEY)
for _fallback in SECRET_KEY_FALLBACKS:
    environment.refuse_weak("SECRET_KEY_FALLBACKS", _fallback)
if {SECRET_KEY, *SECRET_KEY_FALLBACKS} & set(JWT_SIGNING_KEYS.values()):
    environment.refuse("JWT_SIGNING_KEYS", "may not share a secret with SECRET_KEY or SECRET_KEY_FALLBACKS")

ALLOWED_HOSTS = environment.hosts(
    "ALLOWED_HOSTS", "" if PRODUCTION else "localhost,.localhost,127.0.0.1,[::1]", PRODUCTION
)

# Where people and programs find this server: in links of mails, and in tokens as issuer and audience
PUBLIC_URL = environment.public_url("PUBLIC_URL", None if PRODUCTION else "http://localhost:8000", PRODUCTION)

INSTALLED_APPS = [
    "taskhub.apps.StaffConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_celery_results",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "taskhub.api",
    "jobs",
    "events",
    "accounts",
    "tasks",
    "tickets",
    "importers",
]

MIDDLEWARE = [
    "taskhub.api.middleware.RequestLog",  # outermost: every answer has a request id and a log line
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "taskhub.api.middleware.CORS",
    "taskhub.api.middleware.check_host",
    "taskhub.api.middleware.check_body",
    "taskhub.sessions.Sessions",
    "django.middleware.csrf.CsrfViewMiddleware",
    "taskhub.sessions.Authentication",
    "taskhub.sessions.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "taskhub.api.middleware.restrict_pages",
]

ROOT_URLCONF = "taskhub.urls"
WSGI_APPLICATION = "taskhub.wsgi.application"
APPEND_SLASH = False  # a redirect would lose the body of a POST; the routes accept both forms
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes; a larger body is a 413

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "taskhub" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Migrations run as the owner of the tables, if one is named; everything else may only read and write rows
OF_OWNER = {"migrate", "seed_demo", "query_plans"}  # commands; the last two tell PostgreSQL how large tables are now
AS_OWNER = bool(OF_OWNER & {*sys.argv[1:2]}) and bool(environment.text("DATABASE_OWNER_URL", ""))
_application = environment.database("DATABASE_URL")
APPLICATION_ROLE = (str(_application["USER"]), str(_application["PASSWORD"]))

# PostgreSQL. One connection per server thread, kept open; a dead one is noticed before it is used
DATABASES = {
    "default": {
        "ENGINE": "taskhub.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        **environment.database(
            "DATABASE_OWNER_URL" if AS_OWNER else "DATABASE_URL",
            connect_timeout=2,  # seconds; /health/db must answer within 5
            tcp_user_timeout=10_000,  # milliseconds until a network that drops packets counts as a lost server
            keepalives_idle=30,
            keepalives_interval=5,
            keepalives_count=3,
            # the time zone, or Django would set it on each new connection; and limits for locks and idle transactions
            options="-c timezone=UTC -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s",
            application_name="taskhub",
            server_side_binding=True,
            prepare_threshold=5,
        ),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: carries wake-ups; nothing is stored there alone
REDIS_URL = environment.redis("REDIS_URL")

# Celery: a message is a wake-up for a queue (jobs/wakeups.py); the rows of job_log are the truth
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "taskhub.broker:Transport"
CELERY_BROKER_CONNECTION_TIMEOUT = 1  # seconds; a request waits for a frozen broker no longer than this
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis as long as it takes
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # also if it answers but refuses, because its disk is full or it is a replica
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
    "visibility_timeout": 600,
    "max_retries": 0,  # when a message is sent: a refused connection would cost two seconds
}
CELERY_RESULT_BACKEND = "jobs.results:TolerantBackend"
CELERY_RESULT_EXTENDED = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True  # errors, for staff
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # the lease decides when another worker may try
# No time limits here: each kind of job has its own (jobs/engine.py), and a message stands for many jobs
JOBS_QUEUES = environment.queues("JOBS_QUEUES", "default=2,mail=2,bulk=1")  # that a worker serves, and its processes
CELERY_WORKER_CONCURRENCY = sum(JOBS_QUEUES.values())
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A process that ever used more is replaced, because it may leak. There is no limit on its number of tasks: Celery would
# still hand one to a process that is ending, which takes a second, and that job would wait
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 256 * 1024  # KiB
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # it would reveal the settings to anybody who reaches Redis
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_DB_REUSE_MAX = 1000  # tasks that share a database connection; by default each opens its own
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = next(iter(JOBS_QUEUES))
CELERY_TASK_QUEUES = [Queue(name) for name in JOBS_QUEUES]

# Background jobs
JOBS_KEEP_SUCCEEDED_DAYS = environment.integer("JOBS_KEEP_SUCCEEDED_DAYS", 30, 1, 3650)
JOBS_KEEP_OTHERS_DAYS = environment.integer("JOBS_KEEP_OTHERS_DAYS", 90, 1, 3650)
TASKHUB_FAILPOINTS = environment.failpoints("TASKHUB_FAILPOINTS", refused=PRODUCTION)

# What was done to each user's data (events)
EVENTS_KEEP_DAYS = environment.integer("EVENTS_KEEP_DAYS", 365, 1, 3650)

# E-mail
_email = environment.email("EMAIL_URL", None if PRODUCTION else "console:")
EMAIL_BACKEND, EMAIL_USE_TLS, EMAIL_USE_SSL = _email.backend, _email.starttls, _email.tls
EMAIL_HOST, EMAIL_PORT = _email.host, _email.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email.user, _email.password
EMAIL_TIMEOUT = environment.integer("EMAIL_TIMEOUT", 10, 1, 30)  # seconds for each answer of the mail server
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "TaskHub <no-reply@taskhub.localhost>")
EMAIL_MESSAGE_ID_DOMAIN = environment.text("EMAIL_MESSAGE_ID_DOMAIN", "taskhub.localhost")

# Who is asking
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # usernames are unique by Lower(username), which the check does not recognize
    "security.W004",  # Strict-Transport-Security is sent by the proxy that speaks TLS (docs/DEPLOYMENT.md)
    "security.W008",  # and so is the redirect: here it would lose the body of a POST and break probes
]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2idHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "accounts.hashers.BcryptHasher",  # of users who came from the FastAPI service
]
if TASKHUB_ENV == "test":
    PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")  # hundreds of users a second
# For passwords set by staff, with createsuperuser or in the admin; CONTRACT section 2 has the API's rules
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [{"NAME": "accounts.passwords.NotBlankValidator"}, {"NAME": "accounts.passwords.NotUsernameValidator"}]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=environment.integer("ACCESS_TOKEN_MINUTES", 15, 1, 24 * 60)),
    "USER_ID_CLAIM": "sub",
}
SESSION_IDLE_LIFETIME = timedelta(days=environment.integer("REFRESH_TOKEN_DAYS", 7, 1, 365))
SESSION_LIFETIME = timedelta(days=environment.integer("SESSION_DAYS", 90, 1, 3650))
ADMIN_SECOND_FACTOR = environment.choice(
    "ADMIN_SECOND_FACTOR", "required" if PRODUCTION else "optional", ("required", "optional")
)
SESSION_COOKIE_AGE = 12 * 3600  # seconds, of the admin
SECURITY_EVENTS_KEEP_DAYS = environment.integer("SECURITY_EVENTS_KEEP_DAYS", 365, 1, 3650)

# How often (taskhub.api.limits, accounts.limits). Tests say what they need: they sign in hundreds of times a minute
_on = TASKHUB_ENV != "test"
RATE_LIMIT_LOGIN_ACCOUNT = environment.rate_limit("RATE_LIMIT_LOGIN_ACCOUNT", "10/m,50/h,200/d" if _on else "off")
RATE_LIMIT_LOGIN_ADDRESS = environment.rate_limit("RATE_LIMIT_LOGIN_ADDRESS", "60/m,600/h" if _on else "off")
RATE_LIMIT_REGISTER = environment.rate_limit("RATE_LIMIT_REGISTER", "20/m,100/h" if _on else "off")
RATE_LIMIT_REFRESH = environment.rate_limit("RATE_LIMIT_REFRESH", "30/m,300/h" if _on else "off")
RATE_LIMIT_RESET = environment.rate_limit("RATE_LIMIT_RESET", "10/m,30/h" if _on else "off")
RATE_LIMIT_USER = environment.rate_limit("RATE_LIMIT_USER", "off")
RATE_LIMIT_ADDRESS = environment.rate_limit("RATE_LIMIT_ADDRESS", "off")
# How much a user may have; None is no limit. Of sessions, the one that was used longest ago ends
QUOTA_TASKS = environment.quota("QUOTA_TASKS", "1000000")
QUOTA_BYTES = environment.quota("QUOTA_BYTES", "off")  # of titles and descriptions, in UTF-8
QUOTA_TOKENS = environment.quota("QUOTA_TOKENS", "100")
QUOTA_SESSIONS = environment.quota("QUOTA_SESSIONS", "100")
# Proxies in front, each of which adds the address that it was asked from to X-Forwarded-For
TRUSTED_PROXIES = environment.integer("TRUSTED_PROXIES", 0, 0, 10)

# The admin behind a proxy that speaks TLS: forms are accepted from these origins only, and cookies are restricted
if PRODUCTION:
    CSRF_TRUSTED_ORIGINS = [f"https://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION

# Text and time. Clients translate; the API speaks English and UTC
LANGUAGE_CODE = "en-us"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "taskhub.date_formats"  # seconds, and the name of the time zone

# Static files. In production collected once, compressed, under names with a digest; elsewhere served where they are
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "taskhub" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STATIC_ROOT = BASE_DIR / "staticfiles"
    STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

# HTTP conventions (CONTRACT section 1)
CSRF_FAILURE_VIEW = "taskhub.api.errors.csrf_failure"
CORS_ALLOWED_ORIGINS = environment.origins("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "x-device-token",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "Deprecation",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "taskhub.api.formats.AlwaysJSON",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["taskhub.api.formats.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "taskhub.api.pagination.KeysetPagination",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "taskhub.api.openapi.Schema",
    "SCHEMA_COERCE_PATH_PK": True,
    "EXCEPTION_HANDLER": "taskhub.api.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
}

# The OpenAPI document and the pages that show it (taskhub.api.openapi, taskhub.api.pages)
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "TaskHub",
    "VERSION": taskhub.__version__,
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/", "description": "This server"}],
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,  # as in urls.py
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENUM_SUFFIX": "",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "TaskStatus": "tasks.models.Status",
        "JobState": "jobs.models.State",
        "JobErrorCode": "jobs.serializers.ERROR_CODES",
    },
    "PREPROCESSING_HOOKS": ["taskhub.api.openapi_parts.spell_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "taskhub.api.openapi_parts.add_parts",
    ],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "displayRequestDuration": True,
        "tryItOutEnabled": True,
        "defaultModelsExpandDepth": 0,
    },
}

# The server (taskhub.server)
WEB_WORKERS = environment.integer("WEB_WORKERS", 2, 1, 64)
WEB_THREADS = environment.integer("WEB_THREADS", 8, 1, 64)
DRAIN_SECONDS = environment.integer("DRAIN_SECONDS", 5 if PRODUCTION else 0, 0, 60)

LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "taskhub.api.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["request_id"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL},
        "django.request": {"level": "ERROR"},  # refused requests are in the access line already
        "django.security": {"level": "CRITICAL"},  # any scanner could flood the log with these
        "django.db.backends": {"level": "INFO"},
        # The worker logs one line when it is ready
        "celery.worker.consumer.connection": {"level": "WARNING"},
        "celery.worker.consumer.mingle": {"level": "WARNING"},
        # the logger `jobs` reports each job; these would add three lines for every wake-up
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
