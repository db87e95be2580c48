import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * The JVM's side of `python -m bench.transforms`: one case, driven over standard input.
 *
 * Arguments: a JSON file with the case, a file with one payload a line. For every line "seconds" on standard input it
 * works that long and answers "records cpuNanoseconds" (of the whole process: garbage collector and compiler included).
 */
public final class TransformBench {
    static Object sink;

    private final String topic = "orders";
    private final JsonConverter converter = new JsonConverter();
    private final List<byte[]> payloads;
    private final SinkRecord[] records;
    private final boolean whole;
    private Transformation<SinkRecord> transformation;
    private Predicate<SinkRecord> predicate;

    @SuppressWarnings("unchecked")
    private TransformBench(JsonNode test, List<String> lines) throws Exception {
        payloads = lines.stream().map(line -> line.getBytes(StandardCharsets.UTF_8)).toList();
        converter.configure(Map.of("schemas.enable", test.get("schemas").asText(), "converter.type", "value"), false);
        whole = test.get("whole").asBoolean();
        Map<String, String> config = new HashMap<>();
        test.get("config").fields().forEachRemaining(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        Object made = Class.forName(test.get("class").asText()).getDeclaredConstructor().newInstance();
        if (made instanceof Predicate) {
            predicate = (Predicate<SinkRecord>) made;
            predicate.configure(config);
        } else {
            transformation = (Transformation<SinkRecord>) made;
            transformation.configure(config);
        }
        records = new SinkRecord[payloads.size()];
        for (int at = 0; at < records.length; at++) {
            SchemaAndValue value = converter.toConnectData(topic, payloads.get(at));
            records[at] = record(at, value);
        }
    }

    private SinkRecord record(int at, SchemaAndValue value) {
        Headers headers = new ConnectHeaders().addString("trace", "t-" + at);
        return new SinkRecord(topic, at % 6, null, "key", value.schema(), value.value(), at, 1_700_000_000_000L + at,
            TimestampType.CREATE_TIME, headers);
    }

    private long round() {
        if (whole) {
            for (int at = 0; at < records.length; at++) {
                SchemaAndValue value = converter.toConnectData(topic, payloads.get(at));
                SinkRecord before = records[at];
                SinkRecord record = transformation.apply(new SinkRecord(topic, before.kafkaPartition(), null, "key",
                    value.schema(), value.value(), at, before.timestamp(), TimestampType.CREATE_TIME));
                sink = converter.fromConnectData(topic, record.valueSchema(), record.value());
            }
        } else if (predicate != null) {
            for (SinkRecord record : records) {
                sink = predicate.test(record) ? record : null;
            }
        } else {
            for (SinkRecord record : records) {
                sink = transformation.apply(record);
            }
        }
        return records.length;
    }

    public static void main(String[] arguments) throws Exception {
        JsonNode test = new ObjectMapper().readTree(Path.of(arguments[0]).toFile());
        TransformBench bench = new TransformBench(test, Files.readAllLines(Path.of(arguments[1])));
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            long until = System.nanoTime() + (long) (Double.parseDouble(line) * 1e9);
            long cpu = system.getProcessCpuTime();
            long done = 0;
            while (System.nanoTime() < until) {
                done += bench.round();
            }
            System.out.println(done + " " + (system.getProcessCpuTime() - cpu));
        }
    }
}
