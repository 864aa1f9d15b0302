"""The dashboard: `streamlit run app.py`."""

if __name__ == "__main__":  # for every visitor
    from snnlab.dashboard import main

    main()
elif __name__ == "app":  # once, by the server
    import streamlit

    from snnlab.dashboard import get_started, opened

    get_started()
    app = streamlit.App(__file__, lifespan=opened)
