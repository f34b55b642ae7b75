"""A scripted agent on a port of the loopback, a free one by default.

Owns the socket, what each endpoint answers until something else is set, and the record of what was asked. It looks into
nothing that it is sent. Every exchange has a connection of its own, as the clients do it; an answer may also be that the
connection is closed without one.
"""
import http.server
import json
import threading
import time

INFO = "/info"
CONFIG = "/v0.7/config"


class Answer:
    """What is answered: a status and bytes, or nothing at all; `pause` seconds pass before it and in the middle of it."""

    def __init__(self, status=200, body=b"", is_dropped=False, is_chunked=False, pause=0):
        self.status, self.body, self.is_dropped, self.is_chunked = status, body, is_dropped, is_chunked
        self.pause = pause

    def but(self, **options):
        """The same with other options."""
        return Answer(**{**vars(self), **options})

    @classmethod
    def json(cls, value, **options):
        return cls(body=json.dumps(value).encode(), **options)


class Question:
    """What was asked."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body


OFFERS = Answer.json({"version": "7.70.0", "endpoints": ["/v0.4/traces", "/v0.7/config"]})
OFFERS_NOT = Answer.json({"version": "7.70.0", "endpoints": ["/v0.4/traces"]})


class Agent:
    """An agent that runs until it is closed. A client that leaves in the middle of an answer is no trouble of it."""

    def __init__(self, port=0):
        self._lock = threading.Lock()
        self._answers = {INFO: [OFFERS], CONFIG: [Answer.json({})]}
        self._questions = []
        agent = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body go out together, as from any agent.
            wbufsize = -1

            def do(self):
                length = int(self.headers.get("Content-Length") or 0)
                agent._answer(self, Question(self.command, self.path, self.headers, self.rfile.read(length)))

            do_GET = do_POST = do_PUT = do

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def set(self, path, *answers):
        """Sets an endpoint's answers: each is given once, and the last one for good."""
        with self._lock:
            self._answers[path] = list(answers)

    def take(self):
        """What was asked since the last time, in order."""
        with self._lock:
            questions, self._questions = self._questions, []
            return questions

    def close(self):
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler, question):
        with self._lock:
            self._questions.append(question)
            answers = self._answers.get(question.path, [Answer(404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        handler.close_connection = True
        time.sleep(answer.pause)
        if answer.is_dropped:
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Connection", "close")
        has_body = answer.status != 204
        if answer.is_chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif has_body:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if answer.is_chunked:
            for start in range(0, len(answer.body), 1000):
                part = answer.body[start:start + 1000]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.write(b"0\r\n\r\n")
        elif has_body:
            half = len(answer.body) // 2 if answer.pause else 0
            handler.wfile.write(answer.body[:half])
            if answer.pause:
                handler.wfile.flush()
                time.sleep(answer.pause)
            handler.wfile.write(answer.body[half:])
