import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.json.JsonConverter;

/** Kafka's own JsonConverter behind the frame: it reads with a schema that is given, and writes the payload alone. */
public final class JsonSchemaCodec implements RegistryCodec {
    private final JsonConverter reader = new JsonConverter();
    private final JsonConverter writer = new JsonConverter();

    @Override
    public void prepare(String schemaText) throws Exception {
        Schema connect = schema(new ObjectMapper().readTree(schemaText));
        writer.configure(Map.of("converter.type", "value", "schemas.enable", "false"));
        String content = writer.asJsonSchema(connect).toString();
        reader.configure(Map.of("converter.type", "value", "schemas.enable", "true", "schema.content", content));
    }

    @Override
    public SchemaAndValue read(byte[] message) {
        return reader.toConnectData("topic", Arrays.copyOfRange(message, 5, message.length));
    }

    @Override
    public byte[] write(Schema schema, Object value) {
        byte[] json = writer.fromConnectData("topic", schema, value);
        return ByteBuffer.allocate(5 + json.length).put((byte) 0).putInt(1).put(json).array();
    }

    private static Schema schema(JsonNode node) {
        JsonNode choices = node.get("oneOf");
        return choices == null ? builder(node).build() : builder(choices.get(1)).optional().build();
    }

    private static SchemaBuilder builder(JsonNode node) {
        String connect = node.path("connect.type").asText("");
        SchemaBuilder made;
        switch (node.path("type").asText()) {
            case "boolean": made = SchemaBuilder.bool(); break;
            case "integer": made = connect.equals("int32") ? SchemaBuilder.int32() : SchemaBuilder.int64(); break;
            case "number": made = connect.equals("float32") ? SchemaBuilder.float32() : SchemaBuilder.float64(); break;
            case "string": made = connect.equals("bytes") ? SchemaBuilder.bytes() : SchemaBuilder.string(); break;
            case "array": made = SchemaBuilder.array(schema(node.get("items"))); break;
            case "object":
                made = connect.equals("map")
                    ? SchemaBuilder.map(Schema.STRING_SCHEMA, schema(node.get("additionalProperties")))
                    : struct(node.get("properties"));
                break;
            default: throw new IllegalArgumentException(node.toString());
        }
        if (node.has("title")) {
            made.name(node.get("title").asText());
        }
        if (node.has("connect.version")) {
            made.version(node.get("connect.version").asInt());
        }
        return made;
    }

    private static SchemaBuilder struct(JsonNode properties) {
        List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(properties.properties());
        fields.sort(Comparator.comparingInt(field -> field.getValue().path("connect.index").asInt()));
        SchemaBuilder made = SchemaBuilder.struct();
        fields.forEach(field -> made.field(field.getKey(), schema(field.getValue())));
        return made;
    }
}
