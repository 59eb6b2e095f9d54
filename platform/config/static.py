from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFiles(WhiteNoiseMiddleware):
    """whitenoise, but answering with the whole file at once.

    Its own response is a synchronous iterator, which Django gathers under ASGI anyway and warns about each time.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        streamed = WhiteNoiseMiddleware.serve(static_file, request)
        whole = HttpResponse(b"".join(streamed), status=streamed.status_code)
        del whole["content-type"]  # a 304 has none, and whitenoise knows the others
        for name, value in streamed.items():
            whole[name] = value
        streamed.close()
        return whole
