"""Extensions that the tests name in a worker's configuration."""

from __future__ import annotations

from starlette.responses import JSONResponse

from barnabas.extension import ConnectRestExtension

CLOSED = []


class Greeter(ConnectRestExtension):
    """Adds a route that asks about the cluster, and a header."""

    def configure(self, props):
        self.word = props.get("greeter.word", "hello")

    def register(self, context):
        state = context.cluster_state

        async def greet(request):
            names = list(state.connectors())
            health = [state.connector_health(name) for name in names]
            return JSONResponse(
                {
                    self.word: names,
                    "configs": [dict(state.connector_config(name)) for name in names],
                    "states": [[one.connector.state, sorted(one.tasks)] for one in health],
                    "cluster": state.cluster_details().kafka_cluster_id,
                    "path": request.path_params["who"],
                }
            )

        context.app.add_route("/greet/{who}", greet, methods=["GET"])

    def close(self):
        CLOSED.append(self.word)


class Broken(Greeter):
    """Cannot register."""

    def register(self, context):
        raise RuntimeError("no")


class Other:
    """No extension."""
