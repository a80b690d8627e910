# One image for the API, the worker, the scheduler and migrations; docs/DEPLOYMENT.md says how each is started.
# Python and Debian are pinned by name: a rebuild brings their security fixes, a commit moves to newer versions. 3.13 is
# the newest Python that the tests were run with.

FROM python:3.13-slim-trixie AS build
COPY requirements/base.txt /
# Wheels alone: nothing is compiled, and nothing is installed whose hash is not in the lock
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --only-binary=:all: --require-hashes -r base.txt

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="TaskHub" \
    org.opencontainers.image.description="The task service that other programs stand on" \
    org.opencontainers.image.licenses="MIT"
ENV PATH="/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TASKHUB_HOME=/var/lib/taskhub
# Development keeps its keys in TASKHUB_HOME; a new volume there takes over this owner and mode
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin taskhub \
    && install --directory --owner=taskhub --group=taskhub --mode=0700 /var/lib/taskhub
WORKDIR /app
COPY --from=build /venv /venv
# Readable by all, whatever the umask of the checkout was
COPY --chmod=755 . .
# Collecting reads the settings, which ask for secrets: these are of this line alone and sign nothing
RUN SECRET_KEY=collectstatic-reads-settings-but-signs-nothing JWT_SIGNING_KEYS=build:nothing-is-signed-by-this-one-either \
    DATABASE_URL=postgresql://nowhere/none REDIS_URL=redis://nowhere ALLOWED_HOSTS=nowhere PUBLIC_URL=https://nowhere \
    EMAIL_URL=console: \
    python manage.py collectstatic --no-input \
    && python -m compileall -q .
USER 10001:10001
EXPOSE 8000
# Leave the load balancer, answer what is in flight, end: taskhub/server.py
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/livez'); exit(c.getresponse().status != 200)"]
CMD ["python", "-m", "taskhub.server", "--host", "0.0.0.0"]
