import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Scanner;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * Apache Avro for Java as an independent reader and writer. For each line on standard input, a schema, a tab and data
 * in hexadecimal, it prints the schema as it prints schemas, a tab, and the data written again.
 */
public final class AvroEcho {
    private AvroEcho() {
    }

    public static void main(String[] arguments) throws Exception {
        Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String[] parts = lines.nextLine().split("\t");
            Schema schema = new Schema.Parser().parse(parts[0]);
            byte[] data = HexFormat.of().parseHex(parts.length > 1 ? parts[1] : "");
            BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(data, null);
            Object datum = new GenericDatumReader<>(schema).read(null, decoder);
            if (!decoder.isEnd()) {
                throw new IllegalStateException("data are left of " + parts[1]);
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            new GenericDatumWriter<>(schema).write(datum, encoder);
            encoder.flush();
            String text = schema.toString() + "\t" + HexFormat.of().formatHex(out.toByteArray());
            System.out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        }
        System.out.flush();
    }
}
