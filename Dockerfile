# The Python side: controller and media worker (target `controller`), and the demo bot (target `demo-bot`).

FROM debian:trixie-slim AS python
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl python3 tzdata \
    && rm -rf /var/lib/apt/lists/*
# The same user and group as in Asterisk's image, which writes the passwords that are read here.
RUN groupadd --gid 1500 controller \
    && useradd --uid 1500 --gid 1500 --no-create-home --home-dir /data controller \
    && install -d -o controller -g controller -m 750 /secrets /data /sounds
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

# What changes seldom comes first: a change of our code costs the last two lines only.
FROM python AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.lock ./
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check 'setuptools>=77'
COPY pyproject.toml README.md ./
COPY controller controller
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

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

FROM voice AS controller
COPY --from=build /opt/venv /opt/venv
WORKDIR /data
USER controller
ENTRYPOINT ["ari-controller"]
CMD ["serve"]
