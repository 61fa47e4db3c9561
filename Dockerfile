# The Python side: the controller, a media worker and the demo bot, a target each.

FROM debian:trixie-slim AS python
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl python3 tzdata \
    && rm -rf /var/lib/apt/lists/*
# The same user and group as in Asterisk's image, which writes the passwords that are read here.
RUN groupadd --gid 1500 controller \
    && useradd --uid 1500 --gid 1500 --no-create-home --home-dir /data controller \
    && install -d -o controller -g controller -m 750 /secrets /data /sounds \
    && install -d -o controller -g controller -m 2770 /trunks
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

# What changes seldom comes first: a change of our code costs the last two lines only.
FROM python AS pip
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build

FROM pip AS dependencies
COPY requirements.lock ./
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check 'setuptools>=77'

FROM dependencies AS build
COPY pyproject.toml README.md ./
COPY controller controller
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

# The media plane and what it needs, and nothing else: while that is the same the image is, and an upgrade of the controller
# leaves the media workers and the calls on them alone.
FROM python AS media
COPY --from=dependencies /opt/venv /opt/venv
COPY controller/__init__.py controller/config.py controller/errors.py controller/logs.py controller/stopping.py /app/controller/
COPY controller/sounds /app/controller/sounds
COPY controller/bot /app/controller/bot
COPY controller/media /app/controller/media
RUN python -m compileall -q /app
ENV PYTHONPATH=/app
WORKDIR /data
USER controller
ENTRYPOINT ["python", "-m", "controller.media"]

# Controller and demo bot speak with the same voice.
FROM python AS voice
RUN apt-get update \
    && apt-get install --yes --no-install-recommends espeak-ng \
    && rm -rf /var/lib/apt/lists/*

FROM voice AS demo-bot
COPY --from=build /opt/venv /opt/venv
COPY examples /app/examples
WORKDIR /app
USER controller
CMD ["python", "-m", "examples.demo_bot"]

# The page. Where its packages cannot be reached there is none, and the controller says so at `/`; a page that does not
# compile ends the build. Node comes as a Python package: Debian's npm is three hundred packages.
FROM pip AS page
COPY web/node.lock web/package.json web/package-lock.json ./
# Node brings its own list of authorities, and may need one of this machine's.
ENV PATH=/opt/node/bin:$PATH NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN { python3 -m venv /opt/node \
      && /opt/node/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r node.lock \
      && timeout 120 npm ci --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000; } \
    || { rm -rf node_modules; echo "the page is left out: Node's packages cannot be reached" >&2; }
COPY web ./
RUN mkdir dist && if [ -d node_modules ]; then npm run build; fi && chmod -R a+rX dist

FROM voice AS controller
COPY --from=build /opt/venv /opt/venv
COPY --from=page /build/dist /opt/page
ENV PAGE_DIR=/opt/page
WORKDIR /data
USER controller
ENTRYPOINT ["ari-controller"]
CMD ["serve"]
