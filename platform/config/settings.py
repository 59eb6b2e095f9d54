"""Stagedoor's settings: one file, fed by the environment (or a `.env` beside manage.py).

Production is the default. `make setup` writes a `.env` with STAGEDOOR_DEBUG=true and a fresh secret, which is what
makes a development checkout helpful. docs/running.md lists every variable read here.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

ROOT = Path(__file__).resolve().parents[2]

env = Env()
env.read_env(ROOT / ".env", recurse=False)

# --- Who and where ---------------------------------------------------------------------------------------------------

DEBUG = env.bool("STAGEDOOR_DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. On a development machine run `make setup`; in production set SECRET_KEY to a long "
        "random string and keep it out of the repository."
    )
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [urlsplit(SITE_URL).hostname, "127.0.0.1", "localhost"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# Everything the house writes (database, clips, caches) unless a URL below says otherwise.
VAR = Path(env.str("STAGEDOOR_VAR", str(ROOT / "var")))
VAR.mkdir(parents=True, exist_ok=True)

# --- The house -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "portal",
    "api",
    "takes",
    "screening",
    "quotas",
    "access",
    "audit",
    "accounts",
    "generation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.SafetyHeadersMiddleware",
    "config.static.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Deny by default: a view that needs no sign-in says so with @login_not_required.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.SeatMiddleware",
    "access.viewing.middleware.ViewingMiddleware",
    "access.terms.middleware.TermsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ActivityMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.navigation",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Database: SQLite in var/ by default, PostgreSQL by DATABASE_URL ----------------------------------------------

DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR / 'stagedoor.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock when a transaction begins: a transaction that reads first and writes later
    # would otherwise fail with "database is locked" as soon as two processes do it at once.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif pool := env.int("DATABASE_POOL", 0):
    # Under ASGI every request has a thread of its own, so a connection kept by a thread is never met again. A pool
    # keeps up to this many for the whole process instead. `manage.py up` asks for one in the web processes.
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": pool, "timeout": 10}}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Cache and broker: in the process by default, Redis by CACHE_URL, any Celery broker by BROKER_URL -------------

CACHE_URL = env.str("CACHE_URL", "")
CACHES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Rate limits are counted here. A full cache forgets a third of them, so it must be hard to fill.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
if CACHE_URL:
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}

# Without a broker, workers look at the database every moment and `manage.py clock` runs the periodic work itself
# (docs/decisions/001-no-broker-by-default.md). With one, Celery wakes them; losing it loses no job.
BROKER_URL = env.str("BROKER_URL", CACHE_URL)
CELERY_BROKER_URL = BROKER_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "max_retries": 1}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ALWAYS_EAGER = not BROKER_URL
CELERY_TIMEZONE = TIME_ZONE

# --- Files: var/files by default, S3 by STORAGE_URL=s3://bucket/prefix?endpoint_url=…&region_name=… ---------------


def storage(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": parts.path}}
    if parts.scheme == "s3":
        options: dict[str, object] = {key: values[0] for key, values in parse_qs(parts.query).items()}
        options |= {"bucket_name": parts.netloc, "location": parts.path.strip("/"), "querystring_auth": True}
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"file_overwrite": False} | options}
    raise ImproperlyConfigured(f"STORAGE_URL must start with file:// or s3://, not {parts.scheme}://.")


STORAGES = {
    "default": storage(env.str("STORAGE_URL", f"file://{VAR / 'files'}")),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Clips and references belong to studios: no URL serves the storage directly, views check the seat first.
MEDIA_URL = ""
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Sign-in ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "sesame.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation reached the address already
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "request_login_code": "20/m/ip,3/m/key"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Stagedoor"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
SESAME_MAX_AGE = timedelta(days=1)
SESAME_ONE_TIME = True

# EMAIL_HOST, EMAIL_PORT, EMAIL_BACKEND and their like, from one URL.
globals().update(
    {
        name: value
        for name, value in env.dj_email_url("EMAIL_URL", "console:" if DEBUG else "smtp://localhost:25").items()
        if name.startswith("EMAIL_")
    }
)
EMAIL_TIMEOUT = 10  # seconds; somebody waits for the page meanwhile
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", "Stagedoor <stagedoor@localhost>")

# --- Applications ----------------------------------------------------------------------------------------------------

APPLICATIONS_OPEN = env.bool("APPLICATIONS_OPEN", True)
APPLICATION_DRAFT_DAYS = env.int("APPLICATION_DRAFT_DAYS", 14)
APPLICATION_KEEP_DAYS = env.int("APPLICATION_KEEP_DAYS", 365)

# --- Terms -----------------------------------------------------------------------------------------------------------

# Days after a new version of the terms in which programs, and what people had begun, go on without its acceptance.
TERMS_GRACE_DAYS = env.int("TERMS_GRACE_DAYS", 14)

# --- Safety on the wire ----------------------------------------------------------------------------------------------

HTTPS = urlsplit(SITE_URL).scheme == "https"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # whoever balances load asks in plain HTTP
# The last address in X-Forwarded-For is the one our proxy saw; without a proxy the header is anybody's word.
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Browsers' preload lists are for whoever owns the domain to join; the check would nag about it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- The API ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.FlatJSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.SeatThrottle"],
    "DEFAULT_THROTTLE_RATES": {"seat": env.str("API_RATE", "120/min")},
    "NUM_PROXIES": int(BEHIND_PROXY),
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.errors.handler",
}
SPECTACULAR_SETTINGS = {"TITLE": "Stagedoor", "VERSION": "1", "SERVE_INCLUDE_SCHEMA": False}

# --- Rendering -------------------------------------------------------------------------------------------------------

# Folders of models are looked up here when a catalogue entry's source is a relative path.
MODELS_ROOT = Path(env.str("MODELS_ROOT", str(ROOT)))
# The operator's own catalogue files (*.toml), beside those shipped in generation/catalogue/.
CATALOGUE = Path(env.str("CATALOGUE", str(VAR / "catalogue")))
DEVICE = env.str("DEVICE", "auto")  # auto, cpu, cuda, cuda:1, …
# A worker that says nothing for RENDER_LEASE seconds is taken for dead, and its job given to another.
RENDER_LEASE = env.float("RENDER_LEASE", 20.0)
RENDER_BEAT = env.float("RENDER_BEAT", 2.0)
# Threads a worker computes with on the CPU; 0 leaves it to torch, which takes every core.
TORCH_THREADS = env.int("STAGEDOOR_TORCH_THREADS", 0)

# --- Access ----------------------------------------------------------------------------------------------------------

# Seconds between looks at the guardrails of open rollouts.
ROLLOUT_WATCH = env.float("ROLLOUT_WATCH", 60.0)
# A take that waited longer than this many seconds for a worker counts as one that waited too long.
QUEUE_WAIT_LIMIT = env.float("QUEUE_WAIT_LIMIT", 300.0)
# How often one key may ask for flags.
FLAGS_RATE = env.str("FLAGS_RATE", "6000/min")

# --- One log ---------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {"format": "%(asctime)s %(levelname)-7s %(name)s  %(message)s", "datefmt": "%H:%M:%S"},
        # For machines: one JSON object a line, exceptions and `extra=` included.
        "json": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(default=str),
            ],
            "foreign_pre_chain": [
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        },
    },
    "handlers": {
        "console": {
            "class": "config.logs.Console",
            "formatter": env.str("LOG_FORMAT", "lines", validate=validate.OneOf(("lines", "json"))),
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
        "uvicorn.access": {"level": "INFO"},
    },
}
