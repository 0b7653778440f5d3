# docker build -t crawler .
# docker run --rm -v /srv/mirror:/srv/mirror --user "$(id -u):$(id -g)" crawler https://files.example.org/pub/ pub

FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY crawler crawler
COPY docs/crawler.1 docs/crawler.1
RUN python -m venv /opt/crawler && \
    PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
    /opt/crawler/bin/pip install --no-cache-dir '.[report]'

FROM python:3.13-slim
RUN useradd --uid 1000 --create-home mirror && install --directory --owner mirror /srv/mirror
COPY --from=build /opt/crawler /opt/crawler
ENV PATH=/opt/crawler/bin:$PATH
USER mirror
WORKDIR /srv/mirror
VOLUME /srv/mirror
ENTRYPOINT ["crawler"]
CMD ["--help"]
