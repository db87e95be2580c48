import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;

/** Resolves what it is given, one JSON object a line, with Kafka's own classes. */
public class Providers {
    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        Method keys = Class.forName("org.apache.kafka.connect.runtime.AbstractHerder")
            .getDeclaredMethod("keysWithVariableValues", Map.class, java.util.regex.Pattern.class);
        keys.setAccessible(true);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            JsonNode request = mapper.readTree(line);
            Map<String, Object> answer = new HashMap<>();
            Map<String, String> config = mapper.convertValue(request.get("config"), Map.class);
            answer.put("placeholders", new TreeSet<>((java.util.Set<String>) keys.invoke(null, config, ConfigTransformer.DEFAULT_PATTERN)));
            try {
                Map<String, ConfigProvider> providers = new HashMap<>();
                for (Map.Entry<String, JsonNode> entry : request.get("providers").properties()) {
                    Map<String, String> params = mapper.convertValue(entry.getValue().get("params"), Map.class);
                    ConfigProvider provider = (ConfigProvider) Class.forName(
                        "org.apache.kafka.common.config.provider." + entry.getValue().get("class").asText())
                        .getDeclaredConstructor().newInstance();
                    provider.configure(params);
                    providers.put(entry.getKey(), provider);
                }
                answer.put("config", new ConfigTransformer(providers).transform(config).data());
            } catch (Exception error) {
                answer.put("error", error.getMessage());
            }
            System.out.write((mapper.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        System.out.flush();
    }
}
