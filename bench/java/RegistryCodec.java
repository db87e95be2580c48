import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;

/** One format: messages to Connect's data and back, as a converter of the JVM does it once schemas are cached. */
interface RegistryCodec {
    /** Called once, with the text of the schema that all messages have. */
    void prepare(String schemaText) throws Exception;

    /** A message, its frame of five bytes included. */
    SchemaAndValue read(byte[] message) throws Exception;

    /** Data of the schema that {@link #read} gave, as a message with a frame. */
    byte[] write(Schema schema, Object value) throws Exception;
}
