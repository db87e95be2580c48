import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;

/** Apache Avro's generic reader and writer, and Connect's data classes. */
public final class AvroCodec implements RegistryCodec {
    private org.apache.avro.Schema avro;
    private Schema connect;
    private GenericDatumReader<Object> reader;
    private GenericDatumWriter<Object> writer;
    private BinaryDecoder decoder;
    private BinaryEncoder encoder;

    @Override
    public void prepare(String schemaText) {
        avro = new org.apache.avro.Schema.Parser().parse(schemaText);
        connect = schema(avro, false);
        reader = new GenericDatumReader<>(avro);
        writer = new GenericDatumWriter<>(avro);
    }

    @Override
    public SchemaAndValue read(byte[] message) throws Exception {
        decoder = DecoderFactory.get().binaryDecoder(message, 5, message.length - 5, decoder);
        return new SchemaAndValue(connect, toConnect(connect, reader.read(null, decoder)));
    }

    @Override
    public byte[] write(Schema schema, Object value) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0);
        out.write(ByteBuffer.allocate(4).putInt(1).array());
        encoder = EncoderFactory.get().directBinaryEncoder(out, encoder);
        writer.write(fromConnect(avro, schema, value), encoder);
        encoder.flush();
        return out.toByteArray();
    }

    private static Schema schema(org.apache.avro.Schema avro, boolean optional) {
        SchemaBuilder made;
        switch (avro.getType()) {
            case BOOLEAN: made = SchemaBuilder.bool(); break;
            case INT: made = SchemaBuilder.int32(); break;
            case LONG: made = avro.getProp("logicalType") == null ? SchemaBuilder.int64() : Timestamp.builder(); break;
            case FLOAT: made = SchemaBuilder.float32(); break;
            case DOUBLE: made = SchemaBuilder.float64(); break;
            case STRING: made = SchemaBuilder.string(); break;
            case BYTES: made = SchemaBuilder.bytes(); break;
            case ARRAY: made = SchemaBuilder.array(schema(avro.getElementType(), false)); break;
            case MAP: made = SchemaBuilder.map(Schema.STRING_SCHEMA, schema(avro.getValueType(), false)); break;
            case UNION: return schema(other(avro), true);
            case RECORD:
                made = SchemaBuilder.struct().name(avro.getFullName());
                for (org.apache.avro.Schema.Field field : avro.getFields()) {
                    made.field(field.name(), schema(field.schema(), false));
                }
                break;
            default: throw new IllegalArgumentException(avro.toString());
        }
        return (optional ? made.optional() : made).build();
    }

    private static org.apache.avro.Schema other(org.apache.avro.Schema union) {
        List<org.apache.avro.Schema> types = union.getTypes();
        return types.get(0).getType() == org.apache.avro.Schema.Type.NULL ? types.get(1) : types.get(0);
    }

    private static Object toConnect(Schema schema, Object value) {
        if (value == null) {
            return null;
        }
        switch (schema.type()) {
            case STRING: return value.toString();
            case INT64: return schema.name() == null ? value : Timestamp.toLogical(schema, (Long) value);
            case ARRAY: {
                List<Object> made = new ArrayList<>();
                for (Object each : (List<?>) value) {
                    made.add(toConnect(schema.valueSchema(), each));
                }
                return made;
            }
            case MAP: {
                Map<String, Object> made = new HashMap<>();
                for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                    made.put(each.getKey().toString(), toConnect(schema.valueSchema(), each.getValue()));
                }
                return made;
            }
            case STRUCT: {
                Struct made = new Struct(schema);
                GenericRecord record = (GenericRecord) value;
                for (Field field : schema.fields()) {
                    made.put(field, toConnect(field.schema(), record.get(field.index())));
                }
                return made;
            }
            default: return value;
        }
    }

    private static Object fromConnect(org.apache.avro.Schema avro, Schema schema, Object value) {
        if (value == null) {
            return null;
        }
        org.apache.avro.Schema wanted = avro.getType() == org.apache.avro.Schema.Type.UNION ? other(avro) : avro;
        switch (schema.type()) {
            case INT64: return schema.name() == null ? value : Timestamp.fromLogical(schema, (Date) value);
            case BYTES: return value instanceof byte[] ? ByteBuffer.wrap((byte[]) value) : value;
            case ARRAY: {
                List<Object> made = new ArrayList<>();
                for (Object each : (List<?>) value) {
                    made.add(fromConnect(wanted.getElementType(), schema.valueSchema(), each));
                }
                return made;
            }
            case MAP: {
                Map<String, Object> made = new HashMap<>();
                for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                    made.put((String) each.getKey(),
                        fromConnect(wanted.getValueType(), schema.valueSchema(), each.getValue()));
                }
                return made;
            }
            case STRUCT: {
                GenericData.Record made = new GenericData.Record(wanted);
                Struct struct = (Struct) value;
                for (Field field : schema.fields()) {
                    org.apache.avro.Schema inner = wanted.getFields().get(field.index()).schema();
                    made.put(field.index(), fromConnect(inner, field.schema(), struct.get(field)));
                }
                return made;
            }
            default: return value;
        }
    }
}
