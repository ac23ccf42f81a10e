# Tessera on plain Debian: docker build -t tessera . && docker run --rm -v "$PWD:/work" tessera run /work/my.yaml
FROM debian:12 AS build
WORKDIR /src
COPY . .
RUN TESSERA_CACHE=/opt/tessera ./quickstart.sh --build-only && cmake --install build/release --prefix /usr/local --strip

FROM debian:12-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        libtbb12 libyaml-cpp0.7 libboost-program-options1.74.0 libfmt9 libjpeg62-turbo libpng16-16 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/tessera /opt/tessera
COPY --from=build /usr/local /usr/local
WORKDIR /work
ENTRYPOINT ["tessera"]
CMD ["--help"]
