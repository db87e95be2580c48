import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.TimestampProto;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;

/**
 * Google's Protobuf for Java with descriptors read at run time, and Connect's data classes.
 *
 * The schema's text is a serialised file descriptor in base64; records are its first message. Timestamps are the only
 * logical type that it knows.
 */
public final class ProtobufCodec implements RegistryCodec {
    private static final String TIMESTAMP = "google.protobuf.Timestamp";
    private static final int HEAD = 6; // zero byte, id, and one byte for the first message

    private Descriptor descriptor;
    private Schema connect;

    @Override
    public void prepare(String schemaText) throws Exception {
        FileDescriptorProto proto = FileDescriptorProto.parseFrom(Base64.getDecoder().decode(schemaText.trim()));
        FileDescriptor[] imports = {TimestampProto.getDescriptor()};
        FileDescriptor file = FileDescriptor.buildFrom(proto, imports, true);
        descriptor = file.getMessageTypes().get(0);
        connect = schema(descriptor).build();
    }

    @Override
    public SchemaAndValue read(byte[] message) throws Exception {
        ByteBuffer body = ByteBuffer.wrap(message, HEAD, message.length - HEAD);
        DynamicMessage parsed = DynamicMessage.parseFrom(descriptor, com.google.protobuf.ByteString.copyFrom(body));
        return new SchemaAndValue(connect, toConnect(connect, descriptor, parsed));
    }

    @Override
    public byte[] write(Schema schema, Object value) throws Exception {
        Message made = fromConnect(descriptor, schema, (Struct) value);
        byte[] out = new byte[HEAD + made.getSerializedSize()];
        ByteBuffer.wrap(out).put((byte) 0).putInt(1).put((byte) 0);
        CodedOutputStream coded = CodedOutputStream.newInstance(out, HEAD, out.length - HEAD);
        made.writeTo(coded);
        return out;
    }

    private static SchemaBuilder schema(Descriptor message) {
        SchemaBuilder made = SchemaBuilder.struct().name(message.getName());
        for (FieldDescriptor field : message.getFields()) {
            made.field(field.getName(), schema(field));
        }
        return made;
    }

    private static Schema schema(FieldDescriptor field) {
        SchemaBuilder one;
        switch (field.getJavaType()) {
            case INT: one = SchemaBuilder.int32(); break;
            case LONG: one = SchemaBuilder.int64(); break;
            case FLOAT: one = SchemaBuilder.float32(); break;
            case DOUBLE: one = SchemaBuilder.float64(); break;
            case BOOLEAN: one = SchemaBuilder.bool(); break;
            case STRING: case ENUM: one = SchemaBuilder.string(); break;
            case BYTE_STRING: one = SchemaBuilder.bytes(); break;
            default:
                if (field.isMapField()) {
                    List<FieldDescriptor> parts = field.getMessageType().getFields();
                    return SchemaBuilder.map(schema(parts.get(0)), schema(parts.get(1))).optional().build();
                }
                boolean isTimestamp = field.getMessageType().getFullName().equals(TIMESTAMP);
                one = isTimestamp ? Timestamp.builder() : schema(field.getMessageType());
        }
        Schema found = one.optional().build();
        return field.isRepeated() ? SchemaBuilder.array(found).optional().build() : found;
    }

    private static Struct toConnect(Schema schema, Descriptor descriptor, Message message) {
        Struct made = new Struct(schema);
        for (FieldDescriptor field : descriptor.getFields()) {
            if (!field.hasPresence() || message.hasField(field)) {
                Field target = schema.field(field.getName());
                made.put(target, many(target.schema(), field, message.getField(field)));
            }
        }
        return made;
    }

    private static Object many(Schema schema, FieldDescriptor field, Object value) {
        if (field.isMapField()) {
            List<FieldDescriptor> parts = field.getMessageType().getFields();
            Map<Object, Object> made = new HashMap<>();
            for (Object each : (List<?>) value) {
                Message entry = (Message) each;
                made.put(entry.getField(parts.get(0)),
                    one(schema.valueSchema(), parts.get(1), entry.getField(parts.get(1))));
            }
            return made;
        }
        if (field.isRepeated()) {
            List<Object> made = new ArrayList<>();
            for (Object each : (List<?>) value) {
                made.add(one(schema.valueSchema(), field, each));
            }
            return made;
        }
        return one(schema, field, value);
    }

    private static Object one(Schema schema, FieldDescriptor field, Object value) {
        switch (field.getJavaType()) {
            case BYTE_STRING: return ((com.google.protobuf.ByteString) value).toByteArray();
            case ENUM: return ((com.google.protobuf.Descriptors.EnumValueDescriptor) value).getName();
            case MESSAGE: {
                Message message = (Message) value;
                if (schema.name() != null && schema.name().equals(Timestamp.LOGICAL_NAME)) {
                    List<FieldDescriptor> parts = field.getMessageType().getFields();
                    long seconds = (Long) message.getField(parts.get(0));
                    return new Date(seconds * 1000 + (Integer) message.getField(parts.get(1)) / 1_000_000);
                }
                return toConnect(schema, field.getMessageType(), message);
            }
            default: return value;
        }
    }

    private static Message fromConnect(Descriptor descriptor, Schema schema, Struct struct) {
        DynamicMessage.Builder made = DynamicMessage.newBuilder(descriptor);
        for (Field source : schema.fields()) {
            Object value = struct.get(source);
            if (value == null) {
                continue;
            }
            FieldDescriptor field = descriptor.findFieldByName(source.name());
            if (field.isMapField()) {
                List<FieldDescriptor> parts = field.getMessageType().getFields();
                for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                    made.addRepeatedField(field, DynamicMessage.newBuilder(field.getMessageType())
                        .setField(parts.get(0), each.getKey())
                        .setField(parts.get(1), single(parts.get(1), source.schema().valueSchema(), each.getValue()))
                        .build());
                }
            } else if (field.isRepeated()) {
                for (Object each : (List<?>) value) {
                    made.addRepeatedField(field, single(field, source.schema().valueSchema(), each));
                }
            } else {
                made.setField(field, single(field, source.schema(), value));
            }
        }
        return made.build();
    }

    private static Object single(FieldDescriptor field, Schema schema, Object value) {
        switch (field.getJavaType()) {
            case BYTE_STRING: return com.google.protobuf.ByteString.copyFrom((byte[]) value);
            case ENUM: return field.getEnumType().findValueByName((String) value);
            case MESSAGE:
                if (value instanceof Date) {
                    long time = ((Date) value).getTime();
                    List<FieldDescriptor> parts = field.getMessageType().getFields();
                    return DynamicMessage.newBuilder(field.getMessageType())
                        .setField(parts.get(0), Math.floorDiv(time, 1000L))
                        .setField(parts.get(1), (int) Math.floorMod(time, 1000L) * 1_000_000)
                        .build();
                }
                return fromConnect(field.getMessageType(), schema, (Struct) value);
            default: return value;
        }
    }
}
