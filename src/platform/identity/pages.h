/* The handlers and parameters that identity.c puts into its route table. */
#ifndef SEN_PLATFORM_IDENTITY_PAGES_H
#define SEN_PLATFORM_IDENTITY_PAGES_H

#include "net/http.h"

/* sign_in.c */
Handler sign_in_form, sign_in_post, sign_in_again_form, sign_in_again_post, sign_out_post;
extern const Param sign_in_params[], sign_in_form_params[], sign_in_again_params[];
/* recovery.c */
Handler recovery_form, recovery_post;
extern const Param recovery_form_params[], recovery_params[];
/* account.c */
Handler account_show, account_password_post, account_language_post, account_session_end;
extern const Param account_password_params[], account_language_params[];
/* org_pages.c */
Handler orgs_list, orgs_show;
extern const Param orgs_list_params[];
/* users.c, user_acts.c */
Handler users_list, users_new, users_create, users_show;
Handler user_lock, user_unlock, user_reset, user_assign, user_revoke, user_token;
extern const Param users_list_params[], users_create_params[], user_lock_params[], user_assign_params[],
    user_token_params[];

#endif
