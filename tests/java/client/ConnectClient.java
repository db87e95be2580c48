import java.util.HashMap;
import java.util.Map;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigValidationResults;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorStatus;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;
import org.sourcelab.kafka.connect.apiclient.rest.exceptions.ResourceNotFoundException;

/** A tour of the REST API with a client that others use; prints "done", or ends with an exception. */
public final class ConnectClient {
    private static final String PLUGIN = "org.apache.kafka.connect.file.FileStreamSourceConnector";

    private final KafkaConnectClient client;

    private ConnectClient(String url) {
        client = new KafkaConnectClient(new Configuration(url));
    }

    private static void check(boolean holds, Object seen) {
        if (!holds) {
            throw new IllegalStateException("unexpected: " + seen);
        }
    }

    private void until(String name, String state) throws InterruptedException {
        String seen = "nothing";
        for (int attempt = 0; attempt < 300; attempt++) {
            try {
                ConnectorStatus status = client.getConnectorStatus(name);
                seen = status.toString();
                boolean tasks = !status.getTasks().isEmpty()
                    && status.getTasks().stream().allMatch(task -> state.equals(task.getState()));
                if (tasks && state.equals(status.getConnector().get("state"))) {
                    return;
                }
            } catch (ResourceNotFoundException absent) {
                seen = absent.getMessage();
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException(name + " is not " + state + ": " + seen);
    }

    private void tour(String file) throws InterruptedException {
        check(client.getConnectServerVersion().getVersion() != null, "version");
        check(client.getConnectorPlugins().stream().anyMatch(plugin -> PLUGIN.equals(plugin.getClassName())), "plugins");
        Map<String, String> config = new HashMap<>();
        config.put("connector.class", PLUGIN);
        config.put("file", file);
        config.put("topic", "java-client");
        config.put("tasks.max", "1");
        validate(config);
        ConnectorDefinition made = client.addConnector(new NewConnectorDefinition("lines", config));
        check("lines".equals(made.getName()), made);
        until("lines", "RUNNING");
        check(client.getConnectors().contains("lines"), client.getConnectors());
        check(file.equals(client.getConnectorConfig("lines").get("file")), client.getConnectorConfig("lines"));
        check(client.getConnectorTasks("lines").size() == 1, client.getConnectorTasks("lines"));
        check("RUNNING".equals(client.getConnectorTaskStatus("lines", 0).getState()), "task");
        check(client.getConnectorsWithAllExpandedMetadata().getConnectorNames().contains("lines"), "expanded");
        check(client.pauseConnector("lines"), "pause");
        until("lines", "PAUSED");
        check(client.resumeConnector("lines"), "resume");
        until("lines", "RUNNING");
        check(client.restartConnector("lines"), "restart");
        check(client.restartConnectorTask("lines", 0), "restart of a task");
        until("lines", "RUNNING");
        check(client.restartConnector(new PostConnectorRestart("lines").withIncludeTasks(true)), "restart of everything");
        until("lines", "RUNNING");
        check(client.getConnectorTopics("lines").getTopics().contains("java-client"), "topics");
        config.put("batch.size", "100");
        check("100".equals(client.updateConnectorConfig("lines", config).getConfig().get("batch.size")), "update");
        until("lines", "RUNNING");
        check(client.deleteConnector("lines"), "delete");
        check(!client.getConnectors().contains("lines"), client.getConnectors());
        try {
            client.getConnector("lines");
            throw new IllegalStateException("a deleted connector is still there");
        } catch (ResourceNotFoundException expected) {
            System.out.println("done");
        }
    }

    private void validate(Map<String, String> config) {
        Map<String, String> wrong = new HashMap<>(config);
        wrong.put("name", "lines");
        wrong.remove("topic");
        ConnectorPluginConfigValidationResults found = client.validateConnectorPluginConfig(
            new ConnectorPluginConfigDefinition("FileStreamSourceConnector", wrong));
        check(found.getErrorCount() == 1, found);
    }

    public static void main(String[] arguments) throws InterruptedException {
        new ConnectClient(arguments[0]).tour(arguments[1]);
    }
}
