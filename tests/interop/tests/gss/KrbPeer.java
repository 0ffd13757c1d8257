// One end of a context in Java, for the tests in programs.rs. Each token and message follows its
// length in four octets. The client sends "hello", sealed, and the acceptor answers with the
// client's name, sealed.
//
// KrbPeer accept KEYTAB PRINCIPAL        prints the port that it listens on, and takes one client
// KrbPeer cache CACHE SERVICE PORT       with the tickets of a cache
// KrbPeer keytab KEYTAB CLIENT SERVICE PORT

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.PrivilegedExceptionAction;
import java.util.HashMap;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;

public class KrbPeer {
    public static void main(String[] words) throws Exception {
        Map<String, String> options = new HashMap<>(Map.of("doNotPrompt", "true"));
        switch (words[0]) {
            case "accept":
                options.putAll(Map.of("useKeyTab", "true", "keyTab", words[1], "principal", words[2]));
                options.putAll(Map.of("storeKey", "true", "isInitiator", "false"));
                break;
            case "cache":
                options.putAll(Map.of("useTicketCache", "true", "ticketCache", words[1]));
                break;
            default:
                options.putAll(Map.of("useKeyTab", "true", "keyTab", words[1], "principal", words[2]));
        }
        PrivilegedExceptionAction<Void> action = () -> {
            if (words[0].equals("accept")) {
                accept();
            } else {
                initiate(words[words.length - 2], Integer.parseInt(words[words.length - 1]));
            }
            return null;
        };
        Subject.doAs(logIn(options), action);
    }

    static void accept() throws Exception {
        GSSManager manager = GSSManager.getInstance();
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            System.out.println(listener.getLocalPort());
            System.out.flush();
            try (Socket socket = listener.accept()) {
                Connection connection = new Connection(socket);
                GSSCredential keys = manager.createCredential(
                    null, GSSCredential.INDEFINITE_LIFETIME, KERBEROS, GSSCredential.ACCEPT_ONLY);
                GSSContext context = manager.createContext(keys);
                while (!context.isEstablished()) {
                    byte[] token = connection.receive();
                    token = context.acceptSecContext(token, 0, token.length);
                    if (token != null) {
                        connection.send(token);
                    }
                }
                String text = unwrap(context, connection.receive());
                boolean lent = context.getCredDelegState();
                connection.send(wrap(context, text + " from " + context.getSrcName() + ", lent " + lent));
            }
        }
    }

    static void initiate(String service, int port) throws Exception {
        GSSManager manager = GSSManager.getInstance();
        GSSName name = manager.createName(service, GSSName.NT_HOSTBASED_SERVICE);
        GSSContext context = manager.createContext(name, KERBEROS, null, GSSContext.DEFAULT_LIFETIME);
        context.requestMutualAuth(true);
        context.requestConf(true);
        try (Socket socket = new Socket("127.0.0.1", port)) {
            Connection connection = new Connection(socket);
            byte[] token = new byte[0];
            while (!context.isEstablished()) {
                token = context.initSecContext(token, 0, token.length);
                if (token != null) {
                    connection.send(token);
                }
                if (!context.isEstablished()) {
                    token = connection.receive();
                }
            }
            connection.send(wrap(context, "hello"));
            System.out.println(unwrap(context, connection.receive()));
        }
    }

    static Subject logIn(Map<String, String> options) throws Exception {
        AppConfigurationEntry entry = new AppConfigurationEntry(
            "com.sun.security.auth.module.Krb5LoginModule",
            AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options);
        Configuration configuration = new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return new AppConfigurationEntry[] {entry};
            }
        };
        LoginContext login = new LoginContext("peer", new Subject(), null, configuration);
        login.login();
        return login.getSubject();
    }

    static byte[] wrap(GSSContext context, String text) throws Exception {
        byte[] message = text.getBytes("UTF-8");
        return context.wrap(message, 0, message.length, new MessageProp(0, true));
    }

    static String unwrap(GSSContext context, byte[] token) throws Exception {
        MessageProp sealed = new MessageProp(0, true);
        byte[] message = context.unwrap(token, 0, token.length, sealed);
        if (!sealed.getPrivacy()) {
            throw new IOException("the message is not sealed");
        }
        return new String(message, "UTF-8");
    }

    static final class Connection {
        private final DataInputStream in;
        private final DataOutputStream out;

        Connection(Socket socket) throws IOException {
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
        }

        void send(byte[] token) throws IOException {
            out.writeInt(token.length);
            out.write(token);
            out.flush();
        }

        byte[] receive() throws IOException {
            byte[] token = new byte[in.readInt()];
            in.readFully(token);
            return token;
        }
    }

    static final Oid KERBEROS;

    static {
        try {
            KERBEROS = new Oid("1.2.840.113554.1.2.2");
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }
}
