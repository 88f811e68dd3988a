# driftwatch as an image: `docker build -t driftwatch:0.1.0 .`. Run it with /etc/driftwatch (configuration, golden sets,
# secrets) mounted read-only and a volume at /var/lib/driftwatch; k8s/ does.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY config config
COPY docs/errors docs/errors
COPY probes probes
COPY driftwatch driftwatch
# The releases that the tests ran with, and no others.
RUN python -m venv /opt/driftwatch \
    && /opt/driftwatch/bin/pip install --no-cache-dir -c constraints.txt ".[postgres,scorers,otel,apprise]"

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 driftwatch \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/driftwatch --shell /usr/sbin/nologin driftwatch \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/driftwatch
COPY --from=build /opt/driftwatch /opt/driftwatch
ENV PATH=/opt/driftwatch/bin:$PATH \
    HOME=/var/lib/driftwatch \
    OPENBLAS_NUM_THREADS=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATE_DIRECTORY=/var/lib/driftwatch
USER 10001:10001
WORKDIR /var/lib/driftwatch
VOLUME /var/lib/driftwatch
EXPOSE 8710
# As Kubernetes' liveness: the daemon moves. What it asks of others has no part in it. Each takes a second of CPU: rather rarely.
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 \
    CMD ["driftwatch", "--config", "/etc/driftwatch/driftwatch.yaml", "health"]
ENTRYPOINT ["driftwatch", "--config", "/etc/driftwatch/driftwatch.yaml"]
CMD ["run", "--json-logs"]
