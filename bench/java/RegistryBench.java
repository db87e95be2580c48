import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;

/**
 * The JVM's side of `python -m bench.registry`: one format, driven over standard input.
 *
 * Arguments: the codec's class, a file with the schema's text, a file with messages (each after its length in four
 * bytes). For every line "direction seconds" on standard input (direction: read, write or both) it works that long and
 * answers "messages cpuNanoseconds" (of the whole process: garbage collector and compiler included).
 */
public final class RegistryBench {
    static Object sink;

    private RegistryBench() {
    }

    public static void main(String[] arguments) throws Exception {
        RegistryCodec codec = (RegistryCodec) Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
        codec.prepare(Files.readString(Path.of(arguments[1])));
        List<byte[]> messages = new ArrayList<>();
        try (DataInputStream in = new DataInputStream(Files.newInputStream(Path.of(arguments[2])))) {
            while (in.available() > 0) {
                byte[] message = new byte[in.readInt()];
                in.readFully(message);
                messages.add(message);
            }
        }
        List<SchemaAndValue> values = new ArrayList<>();
        for (byte[] message : messages) {
            values.add(codec.read(message));
        }
        Schema schema = values.get(0).schema();
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            String[] order = line.split(" ");
            long until = System.nanoTime() + (long) (Double.parseDouble(order[1]) * 1e9);
            long cpu = system.getProcessCpuTime();
            long done = 0;
            while (System.nanoTime() < until) {
                for (int at = 0; at < messages.size(); at++) {
                    SchemaAndValue value = order[0].equals("write") ? values.get(at) : codec.read(messages.get(at));
                    sink = order[0].equals("read") ? value : codec.write(schema, value.value());
                }
                done += messages.size();
            }
            System.out.println(done + " " + (system.getProcessCpuTime() - cpu));
        }
    }
}
